"""Figures as bytes: SVG for pages, SVG and PNG to download."""

import io
import threading
from typing import cast

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from segmentation.charts.canvas import PIXELS_PER_INCH, ChartFigure
from segmentation.charts.svg import SvgTexts, rewrite_svg

# Whether SVG keeps text as text is a process-wide setting in matplotlib; one thread at a time may change it.
_svg_lock = threading.Lock()


def render_svg(
    figure: Figure, *, title: str, description: str, prefix: str, background: bool = False
) -> bytes:
    """Return the figure as one `<svg>` element, for pages whose policy forbids inline styles.

    Parameters
    ----------
    figure : Figure
        From one of this package's functions.
    title, description : str
        The text alternative.
    prefix : str
        Begins every id; charts of one page need different ones. Letters, digits and hyphens.
    background : bool
        For a separate file: opaque, and with a size. Otherwise transparent, as wide as its place.
    """
    chart = cast(ChartFigure, figure)
    chart.patch.set_visible(background)
    raw = io.BytesIO()
    with _svg_lock, matplotlib.rc_context({"svg.fonttype": "none"}):
        FigureCanvasSVG(chart).print_figure(raw, format="svg", facecolor=chart.style.colours.background)
    texts = SvgTexts(title, description, chart.links, chart.verbatim)
    return rewrite_svg(raw.getvalue(), texts, prefix=prefix, scalable=not background)


def render_png(figure: Figure, *, scale: float = 2.0) -> bytes:
    """Return the figure as PNG with its background, `scale` pixels for each CSS pixel."""
    figure.patch.set_visible(True)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(
        picture,
        format="png",
        dpi=PIXELS_PER_INCH * scale,
        facecolor=figure.get_facecolor(),
        metadata={"Software": None},
    )
    return picture.getvalue()
