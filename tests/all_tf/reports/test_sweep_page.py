"""The page of a sweep: every trial is in it, the best one is named, and its caveat too."""

import pytest

from all_tf.plots.sweep_plots import draw_setting, draw_trials
from all_tf.reports.html_report.sweep_page import SweepFacts, sweep_verdict, write_sweep
from tests.conftest import read_rows

SETTINGS = ("learning_rate", "augment")
ROWS = [
    {"trial": f"trial-{n:04}", "state": state, "score": score, "learning_rate": 10.0 ** -(n + 1)}
    | {"augment": ("none", "hflip,<b>")[n % 2], "reason": reason}
    for n, (state, score, reason) in enumerate(
        [
            ("completed", 0.5, None),
            ("completed", 0.7, None),
            ("pruned", 0.2, None),
            ("failed", None, "no memory in /home/ann/x"),
            ("unfinished", None, None),
        ]
    )
]


@pytest.fixture
def facts(tmp_path):
    varied = {"learning_rate": True, "augment": False}
    return SweepFacts(tmp_path / "sweep", "auc", "Ward 7", ROWS, varied)


def test_verdict_names_states_best_trial_and_the_row_itself(facts):
    assert sweep_verdict(facts) == (
        "5 trials: 2 completed, 1 pruned, 1 unfinished, 1 failed. The best is trial-0001, mean "
        "AUROC of the folds 0.700; trial-0000, the row itself, has 0.500."
    )
    assert sweep_verdict(facts._replace(rows=ROWS[3:])).endswith("None has a score yet.")


def test_page_and_table_hold_every_trial_and_nothing_unescaped(facts):
    facts.folder.mkdir()
    write_sweep(facts)
    page = (facts.folder / "sweep.html").read_text()
    assert all(row["trial"] in page for row in ROWS)
    assert "<b>" not in page and "/home/ann" not in page
    assert "--refit trial-0001<" in page and "Optimistic." in page
    assert str(facts.folder) not in page and f"{facts.folder}/trial-0001" in facts.refit
    assert "The best of 5 trials is best partly by chance" in page
    assert [row["trial"] for row in read_rows(facts.folder / "sweep.csv")] == [
        row["trial"] for row in ROWS
    ]


def test_sweep_without_a_score_has_a_page(facts):
    facts.folder.mkdir()
    write_sweep(facts._replace(rows=ROWS[3:]))
    assert "--refit" not in (facts.folder / "sweep.html").read_text()


def test_line_is_the_best_score_so_far_and_marks_are_the_trials():
    figure = draw_trials([*ROWS, {**ROWS[0], "score": 0.6}], score="s")
    (axes,) = figure.axes
    assert list(axes.lines[0].get_ydata()) == [0.5, 0.7, 0.7]
    assert [len(each.get_offsets()) for each in axes.collections] == [3, 1]


def test_words_stand_below_each_other_and_rates_on_a_logarithmic_axis():
    assert draw_setting(ROWS, "learning_rate", score="s", log=True).axes[0].get_xscale() == "log"
    (axes,) = draw_setting(ROWS, "augment", score="s").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["none", "hflip, <b>"]
