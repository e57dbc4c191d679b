"""Style of all plots: colours, empty figures, axes, and figures as pixels, PNG and SVG."""

import io
import re
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Colours of Okabe and Ito, which the colour-blind can distinguish. The contrast of these three
# with white, and with the dark grey of a page in dark mode, is at least 3 to 1.
COLOUR_OF_CLASS = {1: "#D55E00", 0: "#0072B2"}
ACCENT = "#009E73"
FAINT: dict[str, Any] = {"color": "black", "alpha": 0.35, "linewidth": 0.9}  # Reference lines.
QUIET: dict[str, Any] = {"color": "black", "alpha": 0.55, "linestyle": "--"}  # Secondary lines.
_DOTS_AN_INCH = 110
_TOO_FINE = re.compile(r"(\.\d\d)\d+")  # Hundredths of a point are enough for any screen.


def blank(width: float, height: float) -> Figure:
    """An empty figure, made without the global state of pyplot.

    Args:
        width, height: In inches.
    """
    return Figure(figsize=(width, height), layout="constrained")


def open_axes(axes: Axes, *, x: str, y: str) -> None:
    """Name both axes and remove the upper and the right line of the frame."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)


def unit_square(axes: Axes, *, x: str, y: str) -> None:
    """Name two axes that both run from 0 to 1, at the same scale."""
    open_axes(axes, x=x, y=y)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")


def as_pixels(figure: Figure) -> np.ndarray:
    """The figure on white: uint8 `(height, width, 3)`.

    It is drawn once; `savefig` goes through a figure twice, the first time for its layout alone.
    Like `savefig` it leaves the figure's resolution, colour and canvas as they were.
    """
    dots, colour, former = figure.dpi, figure.get_facecolor(), figure.canvas
    canvas = FigureCanvasAgg(figure)
    try:
        figure.set_dpi(_DOTS_AN_INCH)
        figure.set_facecolor("white")
        canvas.draw()
    finally:
        figure.set_dpi(dots)
        figure.set_facecolor(colour)
        figure.set_canvas(former)
    return np.asarray(canvas.buffer_rgba())[..., :3]


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG on white."""
    file = io.BytesIO()
    Image.fromarray(as_pixels(figure)).save(file, "PNG", dpi=(_DOTS_AN_INCH, _DOTS_AN_INCH))
    return file.getvalue()


def as_svg(figure: Figure, *, label: str) -> str:
    """The figure as an `<svg>` element for a page.

    Its background is transparent, its black becomes the text colour of the page, its text stays
    text in the font of the page. It has attributes instead of styles, which a page may forbid.
    Equal figures give equal text.

    Args:
        figure: The figure; its black follows the page from light to dark mode.
        label: What it shows, for screen readers. Two figures of a page need two labels, since the
            ids in the SVG are derived from it.
    """
    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="[a-z0-9.]+_\d+"', "", text)  # These ids occur in every figure of a page.
    text = re.sub(r' d="[^"]+"', lambda path: _TOO_FINE.sub(r"\1", path.group()), text)
    text = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r' style="([^"]*)"', _as_attributes, text)
    text = text.replace("#000000", "currentColor")
    opening = f'<svg role="img" aria-label="{escape(label)}" fill="currentColor"'
    return text.replace("<svg", f'{opening} stroke-linejoin="round"', 1)


def _as_attributes(style: re.Match) -> str:
    pairs = [declaration.split(": ", 1) for declaration in style[1].split("; ")]
    return "".join(f' {name}="{value}"' for name, value in pairs if name != "font-family")
