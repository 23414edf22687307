"""What each chart shows, in plain words: the text alternative. Free of matplotlib."""

from collections.abc import Sequence

from common.i18n import gettext as _
from common.i18n import join_words, ngettext
from common.number_format import format_count, format_number, format_percent, format_share
from segmentation.analysis.results import NumberProfile, PairPicture
from segmentation.analysis.words.traits import is_yes_or_no
from segmentation.charts.inputs import ElbowChart, SegmentHistory, SegmentMark, SizeHistory, place_marks
from segmentation.charts.plots.overlaps import has_crowds
from segmentation.charts.plots.strip import is_single
from segmentation.charts.text.widths import clean_text

# A description is read aloud as a whole: beyond this many segments or attributes, tables are better.
_MOST = 12


def describe_elbow(chart: ElbowChart) -> str:
    """Say how the WCSS falls, and what the elbow, the silhouette and the stability say about k."""
    sentences = [_falling_words(chart)]
    if chart.elbow_k is None:
        sentences.append(_("The curve has no clear elbow."))
    else:
        sentences.append(_("The elbow is at k = %(k)s.") % {"k": chart.elbow_k})
    if chart.k_recommended is None:
        sentences.append(_("At no k are there clear groups."))
    else:
        sentences.append(_("At k = %(k)s there are clear groups.") % {"k": chart.k_recommended})
    if chart.k_useful is not None:
        sentences.append(_("At k = %(k)s the segments are useful.") % {"k": chart.k_useful})
    if chart.k is not None:
        sentences.append(_("This run used k = %(k)s.") % {"k": chart.k})
    for text, values in (
        (_("The silhouette is highest at k = %(k)s, with %(value)s."), chart.silhouettes),
        (_("The stability is highest at k = %(k)s, with %(value)s."), chart.stabilities),
    ):
        known = [(value, -k) for k, value in zip(chart.ks, values, strict=False) if value is not None]
        if known:
            value, k = max(known)
            sentences.append(text % {"k": -k, "value": format_number(value, 2)})
    return " ".join(sentences)


def _falling_words(chart: ElbowChart) -> str:
    values = {
        "high": format_number(chart.inertias[0]),
        "first": chart.ks[0],
        "low": format_number(chart.inertias[-1]),
        "last": chart.ks[-1],
    }
    if chart.ks[-1] == chart.ks[0]:
        return _("The WCSS is %(high)s at k = %(first)s.") % values
    return _("The WCSS falls from %(high)s at k = %(first)s to %(low)s at k = %(last)s.") % values


def words_for_k(chart: ElbowChart, k: int) -> str:
    """Return what a k is, as in `elbow, recommended and used`; an empty text if it is none of it."""
    roles = (
        (chart.elbow_k, _("elbow")),
        (chart.k_recommended, _("clear groups")),
        (chart.k_useful, _("useful")),
        (chart.k, _("used")),
    )
    return join_words([word for role, word in roles if role == k])


def describe_sizes(marks: Sequence[SegmentMark]) -> str:
    """Say how many customers each segment has."""
    total = sum(mark.size for mark in marks)
    sizes = [
        f"{clean_text(mark.name)} {format_count(mark.size)} ({format_share(mark.size, total)})"
        for mark in marks[:_MOST]
    ]
    return _("%(count)s customers in %(segments)s: %(sizes)s.") % {
        "count": format_count(total),
        "segments": _segments(len(marks)),
        "sizes": _listed(sizes, len(marks)),
    }


def describe_scatter(
    picture: PairPicture,
    marks: Sequence[SegmentMark],
    *,
    x_label: str | None = None,
    y_label: str | None = None,
) -> str:
    """Say what stands on the axes, how customers are drawn, and where each centroid is."""
    sentences = [_axes_words(picture, x_label or picture.x_name, y_label or picture.y_name)]
    if picture.explained:
        sentences.append(_("In this picture %(words)s.") % {"words": explained_words(picture)})
    if picture.outside:
        text = ngettext(
            "%(count)s customer is beyond the axes.",
            "%(count)s customers are beyond the axes.",
            picture.outside,
        )
        sentences.append(text % {"count": format_count(picture.outside)})
    if picture.missing:
        text = ngettext(
            "%(count)s customer has no value on one of the axes.",
            "%(count)s customers have no value on one of the axes.",
            picture.missing,
        )
        sentences.append(text % {"count": format_count(picture.missing)})
    placed = place_marks(picture, marks)
    place = _("%(segment)s at %(x)s") if is_single(picture) else _("%(segment)s at %(x)s and %(y)s")
    centroids = [
        place
        % {"segment": clean_text(each.mark.name), "x": format_number(each.x), "y": format_number(each.y)}
        for each in placed[:_MOST]
    ]
    listed = _listed(centroids, len(placed), separator="; ")
    sentences.append(_("Centroids: %(places)s.") % {"places": listed})
    return " ".join(sentences)


def _axes_words(picture: PairPicture, x_label: str, y_label: str) -> str:
    drawn = sum(picture.counts) if picture.kind == "grid" else len(picture.labels)
    if is_single(picture):
        text = _("%(count)s customers by %(x)s (X axis), spread out vertically for legibility; %(marks)s.")
    else:
        text = _("%(count)s customers by %(x)s (X axis) and %(y)s (Y axis); %(marks)s.")
    return text % {
        "count": format_count(drawn),
        "x": clean_text(x_label),
        "y": clean_text(y_label),
        "marks": _marks_words(picture),
    }


def _marks_words(picture: PairPicture) -> str:
    if picture.kind == "grid":
        return _("coloured by segment, as density: stronger colour where there are more")
    if not is_single(picture) and has_crowds(picture):
        return _("coloured by segment, larger marks where several have the same values")
    return _("coloured by segment, one mark each")


def explained_words(picture: PairPicture) -> str:
    """Say how much of the features' spread two principal components hold."""
    shares = [format_percent(share) for share in picture.explained]
    text = _("both components together hold %(whole)s of the spread (%(shares)s)")
    return text % {"whole": format_percent(sum(picture.explained)), "shares": join_words(shares)}


def describe_profile(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark]) -> str:
    """Say for each segment which attribute sets it apart most, in standard deviations from everyone."""
    words = [
        f"{clean_text(mark.name)}: {most}"
        for mark in marks[:_MOST]
        if (most := _most_different(profiles, mark.label))
    ]
    text = _("Averages of %(segments)s against everyone, in standard deviations (SD).")
    start = text % {"segments": _segments(len(marks))}
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
    text = _("%(name)s %(difference)s SD above") if difference > 0 else _("%(name)s %(difference)s SD below")
    return text % {"name": clean_text(name), "difference": format_number(abs(difference), 1)}


def describe_distributions(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark]) -> str:
    """Say the median and the middle half of each attribute per segment."""
    sentences = [
        _("Boxes hold the middle half of each segment's customers, lines reach from %(low)s to %(high)s.")
        % {"low": format_percent(0.05), "high": format_percent(0.95)}
    ]
    for profile in profiles[:_MOST]:
        name = clean_text(profile.name)
        if is_yes_or_no(profile):
            shares = _listed(_share_words(profile, marks), len(marks))
            sentences.append(_("Share of %(name)s: %(shares)s.") % {"name": name, "shares": shares})
        elif middles := _middle_words(profile, marks):
            listed = _listed(middles, len(marks))
            sentences.append(_("Median %(name)s: %(middles)s.") % {"name": name, "middles": listed})
    return " ".join(sentences)


def _share_words(profile: NumberProfile, marks: Sequence[SegmentMark]) -> list[str]:
    return [
        f"{clean_text(mark.name)} {format_percent(profile.clusters[mark.label].mean or 0.0)}"
        for mark in marks[:_MOST]
    ]


def _middle_words(profile: NumberProfile, marks: Sequence[SegmentMark]) -> list[str]:
    text = _("%(segment)s %(median)s (%(low)s to %(high)s)")
    return [
        text
        % {
            "segment": clean_text(mark.name),
            "median": format_number(quantiles[3]),
            "low": format_number(quantiles[2]),
            "high": format_number(quantiles[4]),
        }
        for mark in marks[:_MOST]
        if (quantiles := profile.clusters[mark.label].quantiles)
    ]


def _segments(count: int) -> str:
    return ngettext("%(count)s segment", "%(count)s segments", count) % {"count": count}


def _listed(parts: list[str], whole: int, *, separator: str = ", ") -> str:
    left_out = whole - _MOST
    if left_out <= 0:
        return separator.join(parts)
    more = _("and %(segments)s more") % {"segments": _segments(left_out)}
    return separator.join([*parts, more])


def describe_history(history: SizeHistory) -> str:
    """Say how large each segment was when it was first and when it was last found."""
    values = {
        "segments": _segments(len(history.segments)),
        "runs": history.run_count,
        "first": clean_text(history.first),
        "last": clean_text(history.last),
    }
    if history.run_count == 1:
        start = _("Sizes of %(segments)s in the run of %(last)s.") % values
    else:
        start = _("Sizes of %(segments)s in %(runs)s runs, from %(first)s to %(last)s.") % values
    words = [words_for_history(segment) for segment in history.segments[:_MOST]]
    return f"{start} {_listed(words, len(history.segments), separator='; ')}." if words else start


def words_for_history(segment: SegmentHistory) -> str:
    """Return for example `Savers: from 81 to 96 customers`."""
    known = segment.known
    if not known:
        return _("%(segment)s: in none of these runs") % {"segment": clean_text(segment.name)}
    first, last = known[0][1], known[-1][1]
    if len(known) == 1:
        text = ngettext("%(segment)s: %(last)s customer", "%(segment)s: %(last)s customers", last)
    else:
        text = ngettext(
            "%(segment)s: from %(first)s to %(last)s customer",
            "%(segment)s: from %(first)s to %(last)s customers",
            last,
        )
    values = {"first": format_count(first), "last": format_count(last)}
    words = text % {"segment": clean_text(segment.name), **values}
    return _("%(words)s, retired") % {"words": words} if segment.is_retired else words
