"""How a figure looks, wherever it is shown: its colours, a blank one, and its PNG and its SVG."""

import io
import re
from html import escape

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's: told apart by colour-blind eyes too. These three stand out, by 3 to 1 or more,
# from white and from the dark grey of pages by night.
COLOUR_OF_CLASS = {1: "#D55E00", 0: "#0072B2"}
ACCENT = "#009E73"
FAINT = {"color": "black", "alpha": 0.35, "linewidth": 0.9}  # Lines of reference.
QUIET = {"color": "black", "alpha": 0.55, "linestyle": "--"}  # What stands beside the main line.
_DOTS_AN_INCH = 110
_TOO_FINE = re.compile(r"(\.\d\d)\d+")  # Hundredths of a point are enough for any screen.


def blank(width: float, height: float) -> Figure:
    """An empty figure; nothing of it is global.

    Args:
        width: In inches, like `height`.
    """
    return Figure(figsize=(width, height), layout="constrained")


def open_axes(axes: Axes, *, x: str, y: str) -> None:
    """Name both axes and take away the frame where it says nothing."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)


def unit_square(axes: Axes, *, x: str, y: str) -> None:
    """Axes of two shares, both from 0 to 1 and of one scale."""
    open_axes(axes, x=x, y=y)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")


def as_png(figure: Figure) -> bytes:
    """The figure on white, for places that know no other colour of paper."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DOTS_AN_INCH, facecolor="white")
    return file.getvalue()


def as_svg(figure: Figure, *, label: str) -> str:
    """An `<svg>` to stand in a page: no paper, what is black in the page's colour, text as text.

    Equal figures give equal text. It has no styles, which a page may forbid, but attributes; its
    font is the page's.

    Args:
        figure: Whose black is to follow the page, from light to dark.
        label: What it shows, for those who cannot see it; another one for each figure of a page,
            since the ids within follow from it.
    """
    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="[a-z0-9.]+_\d+"', "", text)  # Numbers that every figure of a page has.
    text = re.sub(r' d="[^"]+"', lambda path: _TOO_FINE.sub(r"\1", path.group()), text)
    text = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r' style="([^"]*)"', _as_attributes, text)
    text = text.replace("#000000", "currentColor")
    opening = f'<svg role="img" aria-label="{escape(label)}" fill="currentColor"'
    return text.replace("<svg", f'{opening} stroke-linejoin="round"', 1)


def _as_attributes(style: re.Match) -> str:
    pairs = [declaration.split(": ", 1) for declaration in style[1].split("; ")]
    return "".join(f' {name}="{value}"' for name, value in pairs if name != "font-family")
