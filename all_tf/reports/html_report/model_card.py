"""MODEL_CARD.md: a run described in the sections of Mitchell et al., 2019, arXiv:1810.03993."""

import re
from collections.abc import Mapping, Sequence

import jinja2
from markupsafe import Markup

from all_tf.reports.html_report import limits, prose, rows, settings
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.records_label import is_cnmc, records_label
from all_tf.system.plain_text import without_links
from all_tf.system.tables import Column, markdown
from tfrecords.names import legible

_ACTIVE = re.compile(r"([\\`*_\[\]~$])")  # Within a line; no value is at its start.


def build_card(run: RunFacts) -> str:
    """The model card of a run in Markdown; what comes from a file is shown as plain text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("all_tf.reports.html_report"),
        autoescape=False,  # It escapes HTML; `finalize` escapes every value for Markdown.
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("MODEL_CARD.md").render(
        run=run,
        settings=settings,
        tables=rows,
        words=prose,
        limits=limits,
        label=records_label,
        cnmc=is_cnmc(run.config),
        missing=prose.missing(run),
        table=_table,
        code=_code,
    )


def escape(text: str) -> str:
    """Text on one line that Markdown shows as it is: no emphasis, link, heading or HTML."""
    line = legible(" ".join(text.split()))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return without_links(_ACTIVE.sub(r"\\\1", line))


def _finalize(value: object) -> str:
    return value if isinstance(value, Markup) else escape(str(value))


def _table(columns: Sequence[Column], rows: Sequence[Mapping[str, object]]) -> Markup:
    escaped = [
        {key: escape(held) if isinstance(held, str) else held for key, held in row.items()}
        for row in rows
    ]
    return Markup(markdown(escaped, columns))


def _code(text: str) -> Markup:
    """A command as a code span, with backticks in it or not."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return Markup(f"{fence} {legible(' '.join(text.split()))} {fence}")
