"""How long charts take, uncached, and the cost of a density picture against a matplotlib scatter plot.

Run with: python -m bench.charts [--rows 1000000]. Exit code 1 if a bound is missed.
"""

import argparse
import io
import sys
import time
from collections.abc import Callable

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from segmentation.analysis.results import NumberProfile, NumberSummary, PairPicture
from segmentation.charts.inputs import ElbowChart, SegmentMark
from segmentation.charts.palette import segment_colour
from segmentation.charts.plots.distributions import draw_distributions
from segmentation.charts.plots.elbow import draw_elbow
from segmentation.charts.plots.profile import draw_profile
from segmentation.charts.plots.scatter import draw_scatter
from segmentation.charts.plots.sizes import draw_sizes
from segmentation.charts.rendering import render_png, render_svg

CHART_SECONDS = 0.3
TIMES_FASTER = 20
DENSITY_BYTES = 500_000
N_SEGMENTS = 8
N_COLUMNS, N_ROWS = 320, 240


def customers(n_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points of shape (n_rows, 2), their labels, and the centroids."""
    random = np.random.default_rng(0)
    centres = random.uniform((20, 10), (130, 90), size=(N_SEGMENTS, 2))
    labels = random.integers(N_SEGMENTS, size=n_rows)
    return centres[labels] + random.normal(0, 9, size=(n_rows, 2)), labels, centres


def count_on_grid(points: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> PairPicture:
    """Return what a run stores of its customers."""
    low, high = points.min(axis=0), points.max(axis=0)
    bins = ((points - low) / (high - low) * (N_COLUMNS - 1e-9, N_ROWS - 1e-9)).astype(np.int64)
    n_cells = N_COLUMNS * N_ROWS
    counts = np.bincount(labels * n_cells + bins[:, 1] * N_COLUMNS + bins[:, 0])
    occupied = np.flatnonzero(counts)
    return PairPicture(
        "Annual income (k$)",
        "Spending score",
        is_components=False,
        kind="grid",
        labels=tuple((occupied // n_cells).tolist()),
        centroids=tuple((float(x), float(y)) for x, y in centres),
        x_edges=tuple(np.linspace(low[0], high[0], N_COLUMNS + 1).tolist()),
        y_edges=tuple(np.linspace(low[1], high[1], N_ROWS + 1).tolist()),
        cells=tuple((occupied % n_cells).tolist()),
        counts=tuple(counts[occupied].tolist()),
    )


def plain_scatter(points: np.ndarray, labels: np.ndarray) -> bytes:
    """Draw every customer with matplotlib, as a PNG of 800 x 600 pixels."""
    figure = Figure(figsize=(8, 6), dpi=100)
    colours = np.array([segment_colour(index) for index in range(N_SEGMENTS)])
    figure.add_subplot().scatter(points[:, 0], points[:, 1], s=4, c=colours[labels])
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def svg(figure: Figure) -> bytes:
    return render_svg(figure, title="Chart", description="Described elsewhere.", prefix="chart")


def profile_of(name: str, values: np.ndarray, labels: np.ndarray) -> NumberProfile:
    def summary(chosen: np.ndarray) -> NumberSummary:
        quantiles = np.quantile(chosen, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1))
        return NumberSummary(
            len(chosen), 0, float(chosen.mean()), float(chosen.std()), tuple(quantiles.tolist())
        )

    everyone = summary(values)
    clusters = tuple(summary(values[labels == label]) for label in range(N_SEGMENTS))
    differences = tuple((cluster.mean or 0) - (everyone.mean or 0) for cluster in clusters)
    standard = tuple(difference / (everyone.deviation or 1) for difference in differences)
    return NumberProfile(name, True, everyone, clusters, differences, standard, 0.5, (), ())


def charts(points: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> dict[str, Callable[[], Figure]]:
    """Return every chart by name, drawn from what a run has stored."""
    marks = [SegmentMark(i, f"Segment {i}", i, int((labels == i).sum()), f"/{i}/") for i in range(N_SEGMENTS)]
    few = PairPicture(
        "Annual income (k$)",
        "Spending score",
        is_components=False,
        kind="points",
        labels=tuple(labels[:5000].tolist()),
        centroids=tuple((float(x), float(y)) for x, y in centres),
        xs=tuple(points[:5000, 0].tolist()),
        ys=tuple(points[:5000, 1].tolist()),
    )
    grid = count_on_grid(points, labels, centres)
    profiles = [profile_of(f"Attribute {i}", points[:50_000, i % 2], labels[:50_000]) for i in range(6)]
    scores = (None, *(0.5,) * 9)
    elbow = ElbowChart(tuple(range(1, 11)), tuple(1e5 / k for k in range(1, 11)), 5, 5, 5, scores, scores)
    return {
        "elbow": lambda: draw_elbow(elbow),
        "scatter, 5,000 points": lambda: draw_scatter(few, marks),
        "scatter, density": lambda: draw_scatter(grid, marks),
        "sizes": lambda: draw_sizes(marks),
        "profile": lambda: draw_profile(profiles, marks),
        "distributions": lambda: draw_distributions(profiles, marks),
    }


def check(name: str, value: float, unit: str, bound: float, *, at_least: bool = False) -> bool:
    passed = value >= bound if at_least else value <= bound
    sign = "at least" if at_least else "at most"
    print(
        f"{name:32} {value:12,.3f} {unit:6} {sign} {bound:,.1f} {'' if passed else '  <-- MISSED'}".rstrip()
    )
    return passed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    points, labels, centres = customers(rows)
    drawn = charts(points, labels, centres)
    density = drawn["scatter, density"]
    svg(density())  # matplotlib loads its fonts once per process
    passed = [
        check(f"{name}, SVG", seconds(lambda draw=draw: svg(draw()), 5), "s", CHART_SECONDS)
        for name, draw in drawn.items()
    ]
    for name, draw in drawn.items():
        print(f"{name + ', PNG':32} {seconds(lambda draw=draw: render_png(draw()), 3):12,.3f} s")
    passed.append(check("density picture", len(svg(density())), "bytes", DENSITY_BYTES))
    passed.append(check("density picture, PNG", len(render_png(density())), "bytes", DENSITY_BYTES))
    marks = [SegmentMark(i, f"Segment {i}", i, 1) for i in range(N_SEGMENTS)]
    counted = seconds(lambda: svg(draw_scatter(count_on_grid(points, labels, centres), marks)), 3)
    print(f"{'density, counting included':32} {counted:12,.3f} s")
    plain = seconds(lambda: plain_scatter(points, labels), 1)
    print(f"{'scatter by matplotlib':32} {plain:12,.3f} s")
    passed.append(check("density against scatter", plain / counted, "times", TIMES_FASTER, at_least=True))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
