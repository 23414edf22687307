"""Every segment looks different, including to people with colour-vision deficiencies."""

import itertools

import numpy as np
import pytest

from segmentation.charts.contrast import contrast
from segmentation.charts.palette import MARKERS, N_COLOURS, N_LOOKS, ThemeName, segment_colour, segment_marker
from segmentation.charts.style import THEMES

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
PROTANOPIA = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
TRITANOPIA = (
    (1.255528, -0.076749, -0.178779),
    (-0.078411, 0.930809, 0.147602),
    (0.004733, 0.691367, 0.303900),
)
NORMAL = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
# Pages and cards have slightly different backgrounds.
GROUNDS = {"light": ("#ffffff", "#f6f8fb"), "dark": ("#182433", "#111827")}


def _oklab(colour: str, vision: tuple[tuple[float, ...], ...]) -> np.ndarray:
    """Return a colour as someone with this vision sees it, in OKLab (Ottosson, 2020)."""
    srgb = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(vision) @ linear, 0, 1)
    to_lms = (
        (0.4122215, 0.5363325, 0.0514460),
        (0.2119035, 0.6806995, 0.1073970),
        (0.0883025, 0.2817188, 0.6299787),
    )
    to_lab = (
        (0.2104543, 0.7936178, -0.0040720),
        (1.9779985, -2.4285922, 0.4505937),
        (0.0259040, 0.7827718, -0.8086758),
    )
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ seen)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out_from_their_backgrounds(theme: ThemeName) -> None:
    colours = [segment_colour(index, theme) for index in range(N_COLOURS)]
    grounds = (*GROUNDS[theme], THEMES[theme].background)
    assert min(contrast(colour, ground) for colour in colours for ground in grounds) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
def test_colours_stay_apart_for_every_kind_of_colour_vision(
    theme: ThemeName, vision: tuple[tuple[float, ...], ...]
) -> None:
    colours = [_oklab(segment_colour(index, theme), vision) for index in range(N_COLOURS)]
    distances = [float(np.linalg.norm(one - other)) for one, other in itertools.combinations(colours, 2)]
    assert min(distances) > 0.075  # about four times the just noticeable difference


def test_fifty_segments_have_fifty_looks() -> None:
    assert N_LOOKS >= 50
    assert len({(segment_colour(index), segment_marker(index)) for index in range(50)}) == 50


def test_indices_beyond_the_last_look_start_over() -> None:
    assert segment_colour(N_LOOKS, "dark") == segment_colour(0, "dark")
    assert segment_marker(N_LOOKS) == segment_marker(0)


def test_markers_are_single_characters_that_pages_can_show() -> None:
    assert [len(marker.symbol) for marker in MARKERS] == [1] * len(MARKERS)
    assert len({marker.symbol for marker in MARKERS}) == len(MARKERS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_are_readable_on_their_background(theme: ThemeName) -> None:
    colours = THEMES[theme]
    assert min(contrast(ink, colours.background) for ink in (colours.text, colours.muted)) >= 4.5
