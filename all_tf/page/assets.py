"""The page: its template, its style sheet and its script, from the files of this package."""

from pathlib import Path

import jinja2

from all_tf import __version__
from all_tf.page.limits import PageLimits

_HERE = Path(__file__).parent / "templates"
_STYLE = Path(__file__).parents[1] / "reports" / "html_report" / "templates" / "report.css"

ASSETS: dict[str, tuple[str, str]] = {
    "/report.css": (_STYLE.read_text(encoding="utf-8"), "text/css"),
    "/page.css": ((_HERE / "page.css").read_text(encoding="utf-8"), "text/css"),
    "/page.js": ((_HERE / "page.js").read_text(encoding="utf-8"), "text/javascript"),
}
"""By its address, the content and the type of a file; the colours are those of reports."""


def render_page(model: dict[str, object], limits: PageLimits) -> str:
    """The page, with everything put into it escaped.

    Args:
        model: Of `describe_model`.
        limits: Of requests.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("all_tf.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html")
    return template.render(model=model, limits=limits, version=__version__)
