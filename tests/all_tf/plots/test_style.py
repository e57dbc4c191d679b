"""A figure reads on any paper, and names nobody and no hour."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from all_tf.plots.style import COLOUR_OF_CLASS, as_png, as_svg, blank, open_axes


def drawn():
    figure = blank(3, 2)
    axes = figure.subplots()
    axes.plot((0, 1), (0.123456, 1), color="black", label="a < b, 0.913")
    axes.legend(frameon=False)
    open_axes(axes, x="score", y="cells")
    return figure


def test_svg_takes_the_colour_of_the_page_and_keeps_text_as_text():
    text = as_svg(drawn(), label='of "A" & B')
    svg = ElementTree.fromstring(text)
    assert svg.get("fill") == "currentColor" and svg.get("aria-label") == 'of "A" & B'
    assert 'stroke="currentColor"' in text and "#000000" not in text
    written = {element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"a < b, 0.913", "score", "cells"} <= written
    assert not any(part.get("fill") == "#ffffff" for part in svg.iter())
    assert "style" not in text and "font-family" not in text  # A page may forbid the first.


def test_equal_figures_give_equal_text_and_ids_of_one_label():
    assert as_svg(drawn(), label="a") == as_svg(drawn(), label="a")
    ids = [
        {part.get("id") for part in ElementTree.fromstring(as_svg(drawn(), label=label)).iter()}
        for label in "ab"
    ]
    assert ids[0] & ids[1] == {None} and len(ids[0]) > 1


def test_png_is_black_on_white():
    with Image.open(io.BytesIO(as_png(drawn()))) as file:
        pixels = np.asarray(file.convert("RGB"))
    assert pixels.shape == (220, 330, 3)
    assert (pixels[0, 0] == 255).all() and pixels.min() < 30


def test_png_is_that_of_savefig():
    file, figure = io.BytesIO(), drawn()
    drawn().savefig(file, format="png", dpi=110, facecolor="white")
    with Image.open(file) as by_savefig, Image.open(io.BytesIO(as_png(figure))) as ours:
        assert ours.convert("RGB").tobytes() == by_savefig.convert("RGB").tobytes()
        assert ours.info["dpi"] == pytest.approx((110, 110), abs=0.1)


def test_figure_is_still_the_callers():
    figure = drawn()
    figure.set_facecolor("red")
    dots, colour, canvas = figure.dpi, figure.get_facecolor(), figure.canvas
    as_png(figure)
    assert (figure.dpi, figure.get_facecolor(), figure.canvas) == (dots, colour, canvas)


def test_classes_stand_out_from_pages_by_day_and_by_night():
    for colour in COLOUR_OF_CLASS.values():
        for paper in ("#ffffff", "#181818"):
            assert contrast(colour, paper) >= 3  # WCAG 2.2, 1.4.11: what is drawn.


def contrast(*colours: str) -> float:
    """WCAG 2.2: relative luminances, .05 of stray light added to each."""
    darker, lighter = sorted(map(luminance, colours))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
