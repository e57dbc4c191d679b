"""report.html: one file that loads nothing from a network, with every string escaped."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from all_tf import __version__
from all_tf.metrics import formatting
from all_tf.metrics.scored_set import Mistakes
from all_tf.reports.html_report import comparison, inline_plots, limits, prose, rows, settings
from all_tf.reports.html_report.checklists import checklists_of
from all_tf.reports.html_report.sections import COMPARISON_PARTS, PARTS
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.records_label import records_label
from tfrecords.class_names import class_names_of
from tfrecords.names import legible

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
        run: The run.
        mistakes: The worst mistakes in the evaluated set.
        pictures: Images of their cells as data URIs by name, or a sentence that says why there are
            none.
        heat_maps: The image of the heat maps as a data URI; None if there is none.
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
        checklists=checklists_of(published=rows.measured_on_cnmc(run)),
    )


def build_comparison_page(
    runs: Sequence[RunFacts], *, title: str, unfinished: Sequence[str] = ()
) -> str:
    """The page of several runs.

    Args:
        runs: Not empty, in the order of the page.
        title: Of the page.
        unfinished: Names of runs that are left out because they have not ended.
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
    """Fill a template; everything put into it is escaped.

    Args:
        template: The name of its file.
        **content: What it shows. Only `Markup` is not escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("all_tf.reports.html_report"),
        autoescape=True,
        finalize=_keep_together,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # By its digest, the page allows this one style: no other style, no script, no other source.
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return environment.get_template(template).render(
        style=Markup(_STYLE),  # From report.css, so it is safe.
        style_digest=f"sha256-{digest}",
        version=__version__,
        figures=inline_plots,
        settings=settings,
        tables=rows,
        text=formatting,
        words=prose,
        is_text=str,
        limits=limits,
        label=records_label,
        names=class_names_of,
        **content,
    )


def _keep_together(value: object) -> object:
    """Text with a no-break space before each per cent sign; other values are unchanged.

    A character that steers a screen, as a mark of direction, is shown as an escape.
    """
    if type(value) is not str:
        return value
    return legible(value, keep="\n").replace(" %", "\N{NO-BREAK SPACE}%")
