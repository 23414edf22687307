"""Small results to draw: five segments of eight customers each, one chart function per name."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from segmentation.analysis.results import NumberProfile, NumberSummary, PairPicture
from segmentation.charts.inputs import ElbowChart, SegmentMark
from segmentation.charts.plots.distributions import draw_distributions
from segmentation.charts.plots.elbow import draw_elbow
from segmentation.charts.plots.profile import draw_profile
from segmentation.charts.plots.scatter import draw_scatter
from segmentation.charts.plots.sizes import draw_sizes
from segmentation.charts.rendering import render_svg
from segmentation.charts.style import ChartStyle

NAMES = ("Middle", "Careful earners", "Big spenders", "Young savers", "Frugal")
AWKWARD = (
    "<script>alert(1)</script>",
    "العملاء الشباب",
    "😀 客户",
    "$x^2$ and $\\frac{1}{2}$",
    "=cmd|' /C calc'!A0 & \"more\"",
)
CENTROIDS = ((55.0, 50.0), (88.0, 18.0), (88.0, 82.0), (26.0, 20.0), (26.0, 80.0))


def make_marks(names: Sequence[str] = NAMES, *, href: bool = True) -> list[SegmentMark]:
    return [
        SegmentMark(label, name, label, 8, f"/runs/1/segments/{label + 1}/" if href else None)
        for label, name in enumerate(names)
    ]


def _summary(values: np.ndarray) -> NumberSummary:
    quantiles = tuple(np.quantile(values, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)).tolist())
    return NumberSummary(len(values), 0, float(values.mean()), float(values.std()), quantiles)


def make_profile(name: str, column: int) -> NumberProfile:
    xs, ys, labels = (np.array(values) for values in _customers())
    values = (xs, ys)[column]
    everyone = _summary(values)
    clusters = tuple(_summary(values[labels == label]) for label in range(5))
    differences = tuple((cluster.mean or 0) - (everyone.mean or 0) for cluster in clusters)
    standard = tuple(difference / (everyone.deviation or 1) for difference in differences)
    return NumberProfile(name, True, everyone, clusters, differences, standard, 0.9, (0.0, 1.0), ((1,),) * 5)


def _customers() -> tuple[list[float], list[float], list[int]]:
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(centroid, 4, size=(8, 2)) for centroid in CENTROIDS])
    return points[:, 0].tolist(), points[:, 1].tolist(), np.repeat(np.arange(5), 8).tolist()


def make_points(x_name: str = "Income (k$)", y_name: str = "Score") -> PairPicture:
    xs, ys, labels = _customers()
    return PairPicture(x_name, y_name, False, "points", tuple(labels), CENTROIDS, xs=tuple(xs), ys=tuple(ys))


def make_grid(**changes: object) -> PairPicture:
    """Two rows of three cells: 100 customers of segment 0, 1 of segment 1, and a cell of 3 + 1."""
    settings: dict[str, object] = {
        "labels": (0, 1, 0, 1),
        "cells": (0, 2, 4, 4),
        "counts": (100, 1, 3, 1),
        "centroids": ((0.5, 0.5), (2.5, 0.5)),
        "x_edges": (0.0, 1.0, 2.0, 3.0),
        "y_edges": (0.0, 1.0, 2.0),
        "outside": 7,
    }
    return PairPicture("Income", "Score", False, "grid", **{**settings, **changes})  # type: ignore[arg-type]


def make_elbow(**changes: object) -> ElbowChart:
    settings: dict[str, object] = {
        "ks": (1, 2, 3, 4, 5, 6),
        "inertias": (270_000.0, 181_000.0, 106_000.0, 74_000.0, 44_000.0, 37_000.0),
        "elbow_k": 5,
        "k_recommended": 5,
        "k": 5,
        "silhouettes": (None, 0.3, 0.47, 0.49, 0.55, 0.54),
        "stabilities": (None, 0.6, 0.8, 0.7, 0.97, 0.5),
        "hrefs": tuple(f"/datasets/shop/runs/new/?k={k}" for k in range(1, 7)),
    }
    return ElbowChart(**{**settings, **changes})  # type: ignore[arg-type]


Draw = Callable[[ChartStyle, Sequence[str]], Figure]

CHARTS: dict[str, Draw] = {
    "elbow": lambda style, names: draw_elbow(make_elbow(), style),
    "scatter": lambda style, names: draw_scatter(make_points(names[0], names[1]), make_marks(names), style),
    "density": lambda style, names: draw_scatter(make_grid(), make_marks(names[:2]), style),
    "sizes": lambda style, names: draw_sizes(make_marks(names), style),
    "profile": lambda style, names: draw_profile([make_profile(names[0], 0)], make_marks(names), style),
    "distributions": lambda style, names: draw_distributions(
        [make_profile(names[0], 0), make_profile(names[1], 1)], make_marks(names), style
    ),
}


class Svg:
    """A rendered chart, and what can be found in it."""

    def __init__(self, figure: Figure, prefix: str = "chart") -> None:
        self.bytes = render_svg(figure, title="A title", description="A description", prefix=prefix)
        self.root = self.parse(self.bytes)

    @staticmethod
    def parse(svg: bytes) -> ET.Element:
        return ET.fromstring(svg)  # noqa: S314

    def all(self, tag: str) -> list[ET.Element]:
        return list(self.root.iter(f"{{http://www.w3.org/2000/svg}}{tag}"))

    def texts(self) -> list[str]:
        return [element.text or "" for element in self.all("text")]

    def links(self) -> dict[str, str]:
        """Return the names of the links a keyboard reaches, by their address."""
        return {a.attrib["href"]: a.attrib["aria-label"] for a in self.all("a") if "aria-label" in a.attrib}

    def ids(self) -> list[str]:
        return [element.attrib["id"] for element in self.root.iter() if "id" in element.attrib]

    def references(self) -> set[str]:
        text = self.bytes.decode()
        return set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'xlink:href="#([^"]+)"', text))


@pytest.fixture(params=CHARTS)
def draw(request: pytest.FixtureRequest) -> Draw:
    """Each of the charts in turn."""
    return CHARTS[request.param]


@pytest.fixture
def shown() -> type[Svg]:
    """Turns a figure into the SVG a page gets."""
    return Svg


@pytest.fixture
def make() -> SimpleNamespace:
    """Creates the data that charts draw."""
    return SimpleNamespace(
        marks=make_marks, points=make_points, grid=make_grid, elbow=make_elbow, profile=make_profile
    )


@pytest.fixture
def awkward() -> tuple[str, ...]:
    """Names with markup, from right to left, with emoji, with mathematics, with a formula."""
    return AWKWARD


@pytest.fixture
def names() -> tuple[str, ...]:
    return NAMES
