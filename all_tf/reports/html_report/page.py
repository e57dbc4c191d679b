"""report.html: runs in one file that needs no network, every string of it escaped."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from all_tf import __version__
from all_tf.metrics import formatting
from all_tf.metrics.scored_set import Mistakes
from all_tf.reports.html_report import comparison, inline_plots, prose, rows, settings
from all_tf.reports.html_report.checklists import CHECKLISTS
from all_tf.reports.html_report.sections import COMPARISON_PARTS, PARTS
from all_tf.reports.run_facts import RunFacts

_STYLE = (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")


def build_page(
    run: RunFacts,
    *,
    mistakes: Sequence[Mistakes],
    pictures: Mapping[str, str] | str,
    heat_maps: str | None,
) -> str:
    """The page of one run.

    Args:
        run: Read from its files.
        mistakes: The worst of the set that it is judged by.
        pictures: Of the cells among them, as data URIs by name, or in a sentence why there are
            none.
        heat_maps: A picture of the explanations as a data URI; None for none.
    """
    missing = prose.missing(run)
    if isinstance(pictures, str):
        missing["cells"] = (pictures,)
    return render(
        "report.html",
        run=run,
        mistakes=mistakes,
        pictures=pictures,
        heat_maps=heat_maps,
        missing=missing,
        parts=PARTS,
    )


def build_comparison_page(
    runs: Sequence[RunFacts], *, title: str, unfinished: Sequence[str] = ()
) -> str:
    """The page of several runs side by side.

    Args:
        runs: Not empty, in the order in which they are to stand.
        title: Of the page.
        unfinished: Names of runs that should be there, and have not ended.
    """
    return render(
        "comparison.html",
        runs=runs,
        pairs=comparison.pair_rows(runs),
        title=title,
        unfinished=unfinished,
        missing={},
        comparison=comparison,
        parts=COMPARISON_PARTS,
    )


def render(template: str, **content: object) -> str:
    """A page from one of our templates, whatever is put into it escaped.

    Args:
        template: Its file's name.
        **content: What it shows. `Markup` alone is taken as it is.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("all_tf.reports.html_report"),
        autoescape=True,
        finalize=_keep_together,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The page allows this one style, by its digest: no other, no script, nothing from elsewhere.
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return environment.get_template(template).render(
        style=Markup(_STYLE),  # Our own file.
        style_digest=f"sha256-{digest}",
        version=__version__,
        checklists=CHECKLISTS,
        figures=inline_plots,
        settings=settings,
        tables=rows,
        text=formatting,
        words=prose,
        is_text=str,
        **content,
    )


def _keep_together(value: object) -> object:
    """Text in which no line ends between a number and its per cent sign; else as it is."""
    return value.replace(" %", "\N{NO-BREAK SPACE}%") if type(value) is str else value
