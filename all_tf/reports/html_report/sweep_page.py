"""sweep.html and sweep.csv: every trial of a sweep, the best one, and what its score is worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from all_tf.plots.sweep_plots import draw_setting, draw_trials
from all_tf.reports.html_report.inline_plots import Drawn, inline
from all_tf.reports.html_report.page import render
from all_tf.reports.html_report.prose import command
from all_tf.reports.html_report.sections import Part
from all_tf.system.plain_text import public_name, without_folders
from all_tf.system.script_command import script_command
from all_tf.system.tables import Column, write_csv
from tfrecords.store.files import write_text

SWEEP_PAGE, SWEEP_TABLE = "sweep.html", "sweep.csv"
_METRIC_TITLES = {"kappa": "kappa", "auc": "AUROC"}
_STATE_ORDER = ("completed", "pruned", "unfinished", "failed")
_SECTIONS = {
    "plots": Part(
        "Plots",
        "Score by trial and by setting",
        "Where the line has long been flat, more trials help little. A setting matters where its "
        "marks rise or fall; with few trials much of that is chance.",
    ),
    "all": Part("Table", "All trials", "The best one first; a pruned one has what it had reached."),
}


class SweepFacts(NamedTuple):
    """What the page is of."""

    folder: Path
    metric: str  # A key of metrics.json, of which a score is the mean over the folds.
    records: str  # Their name.
    rows: Sequence[Mapping[str, Any]]  # `trial`, `state`, `score`, settings, `reason`.
    varied: Mapping[str, bool]  # Names of the settings, and whether their scale is logarithmic.
    begins_with_row: bool = True  # Whether the first trial has the settings of the row itself.

    @property
    def score(self) -> str:
        """The score in words."""
        return f"mean {_METRIC_TITLES[self.metric]} of the folds"

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The completed trial of the highest score, the first of several."""
        completed = [row for row in self.rows if row["state"] == "completed"]
        return max(completed, key=lambda row: row["score"], default=None)

    @property
    def refit(self) -> str:
        """The command that trains the best one on all folds, for the terminal."""
        best = self.best
        return script_command("train.py", "--refit", self.folder / best["trial"]) if best else ""

    @property
    def refit_on_page(self) -> str:
        """The same command as it may be handed on."""
        best = self.best
        return command(self.folder / best["trial"], "train.py --refit") if best else ""


def write_sweep(facts: SweepFacts) -> list[Path]:
    """Write the page and the table of a sweep that has begun at least one trial.

    Returns:
        The files that were written, over older ones.
    """
    content = render(
        "sweep.html",
        facts=facts,
        title=f"Sweep {public_name(facts.folder)}",
        verdict=sweep_verdict(facts),
        plots=[_trials(facts), *_settings(facts)],
        columns=_columns(facts),
        rows=_sorted(facts.rows),
        parts=_SECTIONS,
    )
    write_csv(facts.folder / SWEEP_TABLE, facts.rows)
    write_text(facts.folder / SWEEP_PAGE, content)
    return [facts.folder / SWEEP_PAGE, facts.folder / SWEEP_TABLE]


def sweep_verdict(facts: SweepFacts) -> str:
    """How many trials there are of each state, and which is the best, in two sentences."""
    states = [row["state"] for row in facts.rows]
    counts = ", ".join(
        f"{states.count(state)} {state}" for state in _STATE_ORDER if state in states
    )
    text = f"{len(states)} trials: {counts}."
    if facts.best is None:
        return f"{text} None has a score yet."
    text += f" The best is {facts.best['trial']}, {facts.score} {facts.best['score']:.3f}"
    first = facts.rows[0]
    has_score = facts.begins_with_row and first["state"] == "completed"
    if has_score and first is not facts.best:
        text += f"; {first['trial']}, the row itself, has {first['score']:.3f}"
    return f"{text}."


def _trials(facts: SweepFacts) -> Drawn:
    figure = draw_trials(facts.rows, score=facts.score)
    caption = f"A mark for each trial: {facts.score}, a pruned one at the kappa it had reached."
    return inline(figure, title=f"Score by trial, {facts.records}", caption=caption)


def _settings(facts: SweepFacts) -> list[Drawn]:
    drawn = []
    for name, log in facts.varied.items():
        figure = draw_setting(facts.rows, name, score=facts.score, log=log)
        title = f"Score by {name.replace('_', ' ')}, {facts.records}"
        drawn.append(inline(figure, title=title, caption="Crosses: pruned trials."))
    return drawn


def _columns(facts: SweepFacts) -> list[Column]:
    varied = [Column(name.replace("_", " "), name, _shown) for name in facts.varied]
    reasons = [Column("why", "reason")] if any(row["reason"] for row in facts.rows) else []
    return [
        Column("trial", "trial"),
        Column("state", "state"),
        Column(facts.score, "score", "{:.3f}".format),
        *varied,
        *reasons,
    ]


def _sorted(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By state and then by score, without the folders that a reason names."""
    shown = [
        {**row, "reason": without_folders(row["reason"]) if row["reason"] else None} for row in rows
    ]
    return sorted(shown, key=lambda row: (_STATE_ORDER.index(row["state"]), -(row["score"] or 0.0)))


def _shown(held: object) -> str:
    return f"{held:.3g}" if isinstance(held, float) else str(held)
