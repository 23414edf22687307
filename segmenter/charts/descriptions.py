"""What each chart shows, in plain words: the text alternative. Free of matplotlib."""

from collections.abc import Sequence

from segmenter.analysis.naming import is_yes_or_no
from segmenter.analysis.results import NumberProfile, PairPicture
from segmenter.charts.inputs import ElbowChart, SegmentHistory, SegmentMark, SizeHistory, place_marks
from segmenter.charts.texts import clean_text, format_count, format_number, format_share, join_words

# A description is read aloud as a whole: beyond this many segments or attributes, tables are better.
_MOST = 12


def describe_elbow(chart: ElbowChart) -> str:
    """Say how the WCSS falls, and what the elbow, the silhouette and the stability say about k."""
    first, last = chart.ks[0], chart.ks[-1]
    sentences = [f"The WCSS is {format_number(chart.inertias[0])} at k = {first}."]
    if last != first:
        low = format_number(chart.inertias[-1])
        high = format_number(chart.inertias[0])
        sentences = [f"The WCSS falls from {high} at k = {first} to {low} at k = {last}."]
    sentences.append(
        "The curve has no clear elbow." if chart.elbow_k is None else f"The elbow is at k = {chart.elbow_k}."
    )
    if chart.k_recommended is None:
        sentences.append("No k is recommended: there is no clear grouping.")
    else:
        sentences.append(f"Recommended is k = {chart.k_recommended}.")
    if chart.k is not None:
        sentences.append(f"This run used k = {chart.k}.")
    for name, values in (("silhouette", chart.silhouettes), ("stability", chart.stabilities)):
        known = [(value, -k) for k, value in zip(chart.ks, values, strict=False) if value is not None]
        if known:
            value, k = max(known)
            sentences.append(f"The {name} is highest at k = {-k}, with {format_number(value, 2)}.")
    return " ".join(sentences)


def words_for_k(chart: ElbowChart, k: int) -> str:
    """Return what a k is, as in `elbow, recommended and used`; an empty text if it is none of it."""
    roles = ((chart.elbow_k, "elbow"), (chart.k_recommended, "recommended"), (chart.k, "used"))
    return join_words([word for role, word in roles if role == k])


def describe_sizes(marks: Sequence[SegmentMark]) -> str:
    """Say how many customers each segment has."""
    total = sum(mark.size for mark in marks)
    sizes = [
        f"{clean_text(mark.name)} {format_count(mark.size)} ({format_share(mark.size, total)})"
        for mark in marks[:_MOST]
    ]
    return f"{format_count(total)} customers in {_segments(len(marks))}: {_listed(sizes, len(marks))}."


def describe_scatter(
    picture: PairPicture,
    marks: Sequence[SegmentMark],
    *,
    x_label: str | None = None,
    y_label: str | None = None,
) -> str:
    """Say what stands on the axes, how customers are drawn, and where each centroid is."""
    x, y = clean_text(x_label or picture.x_name), clean_text(y_label or picture.y_name)
    drawn = len(picture.labels) if picture.kind == "points" else sum(picture.counts)
    how = "one mark each" if picture.kind == "points" else "as density: stronger colour where there are more"
    sentences = [f"{format_count(drawn)} customers by {x} (across) and {y} (up), coloured by segment, {how}."]
    if picture.explained:
        sentences.append(f"In this picture {explained_words(picture)}.")
    if picture.outside:
        sentences.append(f"{format_count(picture.outside)} customers lie beyond the axes.")
    if picture.missing:
        sentences.append(f"{format_count(picture.missing)} customers have no value on one of the axes.")
    placed = place_marks(picture, marks)
    centroids = [
        f"{clean_text(each.mark.name)} at {format_number(each.x)} and {format_number(each.y)}"
        for each in placed[:_MOST]
    ]
    sentences.append(f"Centroids: {_listed(centroids, len(placed), separator='; ')}.")
    return " ".join(sentences)


def explained_words(picture: PairPicture) -> str:
    """Say how much of the features' spread two principal components hold."""
    shares = [f"{100 * share:.0f}%" for share in picture.explained]
    whole = f"{100 * sum(picture.explained):.0f}%"
    return f"both components together hold {whole} of the spread ({join_words(shares)})"


def describe_profile(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark]) -> str:
    """Say for each segment which attribute sets it apart most, in standard deviations from everyone."""
    words = [
        f"{clean_text(mark.name)}: {most}"
        for mark in marks[:_MOST]
        if (most := _most_different(profiles, mark.label))
    ]
    start = f"Averages of {_segments(len(marks))} against everyone, in standard deviations (SD)."
    return f"{start} {_listed(words, len(marks), separator='; ')}." if words else start


def _most_different(profiles: Sequence[NumberProfile], label: int) -> str:
    known = [
        (difference, profile.name)
        for profile in profiles
        if (difference := profile.standard_differences[label]) is not None
    ]
    if not known:
        return ""
    difference, name = max(known, key=lambda pair: abs(pair[0]))
    return f"{clean_text(name)} {abs(difference):.1f} SD {'above' if difference > 0 else 'below'}"


def describe_distributions(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark]) -> str:
    """Say the median and the middle half of each attribute per segment."""
    sentences = ["Boxes hold the middle half of each segment's customers, lines reach from 5% to 95%."]
    for profile in profiles[:_MOST]:
        if is_yes_or_no(profile):
            shares = [
                f"{clean_text(mark.name)} {100 * (profile.clusters[mark.label].mean or 0.0):.0f}%"
                for mark in marks[:_MOST]
            ]
            sentences.append(f"Share of {clean_text(profile.name)}: {_listed(shares, len(marks))}.")
            continue
        middles = [
            f"{clean_text(mark.name)} {format_number(quantiles[3])} "
            f"({format_number(quantiles[2])} to {format_number(quantiles[4])})"
            for mark in marks[:_MOST]
            if (quantiles := profile.clusters[mark.label].quantiles)
        ]
        if middles:
            sentences.append(f"Median {clean_text(profile.name)}: {_listed(middles, len(marks))}.")
    return " ".join(sentences)


def _segments(count: int) -> str:
    return "1 segment" if count == 1 else f"{count} segments"


def _listed(parts: list[str], whole: int, *, separator: str = ", ") -> str:
    left_out = whole - _MOST
    return separator.join([*parts, f"and {_segments(left_out)} more"] if left_out > 0 else parts)


def describe_history(history: SizeHistory) -> str:
    """Say how large each segment was when it was first and when it was last found."""
    if history.run_count == 1:
        start = f"Sizes of {_segments(len(history.segments))} in the run of {clean_text(history.last)}."
    else:
        start = (
            f"Sizes of {_segments(len(history.segments))} in {history.run_count} runs, "
            f"from {clean_text(history.first)} to {clean_text(history.last)}."
        )
    words = [words_for_history(segment) for segment in history.segments[:_MOST]]
    return f"{start} {_listed(words, len(history.segments), separator='; ')}." if words else start


def words_for_history(segment: SegmentHistory) -> str:
    """Return for example `Savers: from 81 to 96 customers`."""
    known = segment.known
    if not known:
        return f"{clean_text(segment.name)}: in none of these runs"
    first, last = known[0][1], known[-1][1]
    sizes = format_count(last) if len(known) == 1 else f"from {format_count(first)} to {format_count(last)}"
    return f"{clean_text(segment.name)}: {sizes} customers" + (", retired" if segment.is_retired else "")
