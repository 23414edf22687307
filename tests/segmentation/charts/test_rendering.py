"""Figures as bytes: safe in a page, the same every time, from any thread."""

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from segmentation.charts.plots.sizes import draw_sizes
from segmentation.charts.rendering import render_png, render_svg
from segmentation.charts.style import NARROW, ChartStyle

Draw = Callable[[ChartStyle, Sequence[str]], Figure]
Shown = Callable[..., Any]
STYLES = [ChartStyle("light"), ChartStyle("dark", NARROW)]
PRESENTATION = {
    "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "clip-path", "d", "fill",
    "fill-opacity", "font-family", "font-size", "font-weight", "height", "href", "id", "image-rendering",
    "opacity", "role", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-opacity", "stroke-width", "tabindex", "text-anchor",
    "transform", "version", "viewBox", "width", "x", "y",
    "{http://www.w3.org/1999/xlink}href",
}  # fmt: skip


def _svg(figure: Figure, prefix: str = "chart") -> bytes:
    return render_svg(figure, title="A title", description="A description", prefix=prefix)


@pytest.mark.parametrize("style", STYLES)
def test_nothing_needs_inline_styles_or_scripts(
    draw: Draw, style: ChartStyle, awkward: Sequence[str], shown: Shown
) -> None:
    root = shown(draw(style, awkward)).root
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "g",
        "a",
        "defs",
        "clipPath",
        "path",
        "rect",
        "use",
        "text",
        "image",
    }
    assert {name for element in root.iter() for name in element.attrib} <= PRESENTATION


def test_awkward_names_are_shown_unchanged(draw: Draw, awkward: Sequence[str], shown: Shown) -> None:
    simple = ["AAAA", "BBBB", "CCCC", "DDDD", "EEEE"]
    used = " ".join(shown(draw(STYLES[0], simple)).texts())
    # A name may take two lines; one that is cut has a tooltip with the full text.
    svg = shown(draw(STYLES[0], awkward))
    words = " ".join([*svg.texts(), *(title.text or "" for title in svg.all("title"))])
    assert [
        name for name, plain in zip(awkward, simple, strict=True) if (name in words) != (plain in used)
    ] == []


def test_a_name_of_300_characters_is_cut_with_the_full_text_in_a_tooltip(
    shown: Shown, awkward: Sequence[str], make: Any
) -> None:
    svg = shown(draw_sizes(make.marks(["x" * 300])))
    assert svg.texts()[0].endswith("…")
    assert any("x" * 300 in (title.text or "") for title in svg.all("title"))


def test_a_prefix_that_another_library_gives_to_svg_changes_nothing(
    draw: Draw, names: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _svg(draw(STYLES[0], names))
    # As libraries for QR codes do.
    monkeypatch.setitem(ET._namespace_map, "http://www.w3.org/2000/svg", "svg")  # type: ignore[attr-defined]
    assert _svg(draw(STYLES[0], names)) == before
    assert before.startswith(b"<svg ")


@pytest.mark.parametrize("style", STYLES)
def test_ids_begin_with_the_prefix_and_are_all_used(
    draw: Draw, style: ChartStyle, names: Sequence[str], shown: Shown
) -> None:
    svg = shown(draw(style, names), prefix="runs-7")
    assert len(svg.ids()) == len(set(svg.ids()))
    assert all(name.startswith("runs-7-") for name in svg.ids())
    assert svg.references() | {"runs-7-title", "runs-7-desc"} == set(svg.ids())


@pytest.mark.parametrize("prefix", ["", "a b", 'x"', "1st", "ü"])
def test_a_prefix_that_cannot_begin_an_id_is_refused(prefix: str, names: Sequence[str], make: Any) -> None:
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        _svg(draw_sizes(make.marks()), prefix)


def test_the_same_result_gives_the_same_bytes(draw: Draw, names: Sequence[str]) -> None:
    assert _svg(draw(STYLES[0], names)) == _svg(draw(STYLES[0], names))
    assert render_png(draw(STYLES[0], names)) == render_png(draw(STYLES[0], names))


def test_threads_do_not_disturb_each_other(draw: Draw, names: Sequence[str], awkward: Sequence[str]) -> None:
    def render(number: int) -> tuple[bytes, bytes]:
        figure = draw(STYLES[number % 2], (names, awkward)[number % 2])
        return _svg(figure), render_png(figure, scale=1)

    alone = [render(0), render(1)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(render, range(8)))
    assert together == alone * 4


def test_matplotlib_settings_are_left_unchanged(draw: Draw, names: Sequence[str]) -> None:
    before = dict(matplotlib.rcParams)
    _svg(draw(STYLES[0], names))
    assert dict(matplotlib.rcParams) == before


def test_title_and_description_name_the_chart(draw: Draw, names: Sequence[str], shown: Any) -> None:
    figure = draw(STYLES[0], names)
    root = shown.parse(render_svg(figure, title="<b>", description="a\x00b & c", prefix="c"))
    assert (root[0].text, root[1].text) == ("<b>", "a b & c")
    assert (root.get("aria-labelledby"), root.get("aria-describedby")) == (
        root[0].get("id"),
        root[1].get("id"),
    )


def test_a_chart_with_links_is_a_group_with_its_other_parts_hidden_from_readers(
    shown: Shown, make: Any
) -> None:
    svg = shown(draw_sizes(make.marks()))
    assert svg.root.get("role") == "group"
    silent = [group for group in svg.all("g") if group.get("aria-hidden")]
    assert {text.text for group in silent for text in group.iter() if text.text} >= {
        "Young savers",
        "8 · 20.0\xa0%",
    }
    assert not any(anchor in list(group.iter()) for group in silent for anchor in svg.all("a"))


def test_a_chart_without_links_is_an_image(shown: Shown, make: Any) -> None:
    svg = shown(draw_sizes(make.marks(href=False)))
    assert svg.root.get("role") == "img"
    assert not svg.all("a")


def test_a_chart_for_the_page_takes_the_width_of_its_place(
    draw: Draw, names: Sequence[str], shown: Shown
) -> None:
    root = shown(draw(STYLES[1], names)).root
    assert root.get("viewBox", "").startswith("0 0 360 ")
    assert "width" not in root.attrib
    assert "height" not in root.attrib


def test_a_downloaded_chart_has_a_background_and_a_size(draw: Draw, names: Sequence[str], shown: Any) -> None:
    figure = draw(STYLES[1], names)
    saved = render_svg(figure, title="t", description="d", prefix="c", background=True)
    root = shown.parse(saved)
    ground = next(path for path in root.iter("{http://www.w3.org/2000/svg}path") if "fill" in path.attrib)
    assert root.get("width") == "360"
    assert ground.get("fill") == STYLES[1].colours.background
    assert ground.get("d", "").startswith(f"M 0 {root.get('height')} L 360 {root.get('height')}")
    assert ground.get("d", "").encode() not in _svg(figure)


@pytest.mark.parametrize("style", STYLES)
def test_png_has_the_size_and_the_background_of_its_style(
    draw: Draw, style: ChartStyle, awkward: Sequence[str]
) -> None:
    with Image.open(io.BytesIO(render_png(draw(style, awkward), scale=1.5))) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    background = style.colours.background
    assert pixels.shape[1] == style.width * 1.5
    assert "#{:02x}{:02x}{:02x}".format(*pixels[0, 0]) == background
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
