"""What is printed of a set: every figure with its interval, or why it has none."""

from pathlib import Path

import numpy as np
import pytest

from all_tf.metrics.formatting import basis_of_intervals, with_interval
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.reports.text import format_end, format_patients, format_report
from all_tf.system.tables import per_cent


def draw(num_groups: tuple[int, int]) -> Predictions:
    rng = np.random.default_rng(0)
    patients = np.repeat([f"id-{n}" for n in range(sum(num_groups))], 4)
    labels = np.repeat([0, 1], np.multiply(num_groups, 4))
    names = np.arange(len(labels)).astype(str)
    logits = labels - 0.5 + rng.normal(0, 1, len(labels))
    return Predictions(names, patients, patients, labels, logits, folds=np.arange(len(labels)) % 2)


def report_of(predictions: Predictions) -> dict:
    about = {
        "split": "validation",
        "fold": None,
        "selected_on": "train fold 0",
        "stamps": ["leaky folds"],
        "best_epoch": 7,
        "tta": 1,
        "threshold": 0.5,
        "threshold_rule": "max kappa",
        "calibrated_on": "train fold 0",
        "num_images": len(predictions.names),
        "num_patients": len(set(predictions.patients)),
    }
    return about | all_metrics(predictions, threshold=0.5)


def test_figure_is_shown_with_its_interval():
    report = report_of(draw((6, 7)))
    low, value, high = (report[key] for key in ("kappa_low", "kappa", "kappa_high"))
    assert with_interval(report, "kappa") == f"{value:.3f} ({low:.3f} to {high:.3f})"
    shown = with_interval(report, "kappa", show=per_cent)
    assert shown == f"{100 * value:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    assert basis_of_intervals(report) == "95 % over 7 ALL, 6 HEM groups"


@pytest.mark.parametrize(
    ("num_groups", "reason"), [((1, 7), "1 group of HEM"), ((6, 4), "4 groups of ALL")]
)
def test_set_without_intervals_says_why_once(num_groups, reason):
    report = report_of(draw(num_groups))
    assert with_interval(report, "f1") == f"{report['f1']:.3f} (not estimable: {reason})"
    text = format_report(report)
    assert text.count(f"not estimable: {reason}") == 1 and f"({reason}; it takes 5" in text
    for key in ("f1", "auc", "ece"):
        (line,) = (line for line in text.splitlines() if line.split()[0] == key)
        assert line.endswith(f" {report[key]:.3f}")


def test_slope_without_an_end_says_why():
    report = report_of(draw((6, 7)))
    report |= {"calibration_slope_low": None, "calibration_slope_high": None}
    shown = with_interval(report, "calibration_slope")
    assert shown.endswith("(not estimable: a score tells the classes apart in some resamples)")
    report["calibration_slope"] = None
    shown = with_interval(report, "calibration_slope")
    assert shown == "not estimable: a score tells the classes apart"


def test_report_shows_stamps_threshold_and_the_worst_patient_by_pseudonym():
    predictions = draw((6, 7))
    text = format_report(report_of(predictions))
    assert "52 images of 13 patients, epoch 7 chosen on train fold 0 [leaky folds]" in text
    assert "threshold 0.500: max kappa on train fold 0" in text
    assert "worst patient: " in text and "id-" not in text


def test_cross_validation_names_the_epoch_of_each_fold():
    joined = {"split": "train", "selected_on": "each fold itself", "best_epochs": [1, 2, 2, 1, 1]}
    text = format_report(report_of(draw((6, 7))) | joined)
    assert "patients, epochs 1, 2, 2, 1, 1, each chosen on its own fold [leaky" in text


def test_training_ends_with_the_honest_result_first_and_the_next_commands_last():
    chosen = report_of(draw((6, 7))) | {"split": "train", "fold": 0, "stamps": ["optimistic"]}
    lines = format_end([chosen, report_of(draw((7, 6)))], Path("runs/my run")).splitlines()
    assert lines[0].startswith("Result (preliminary phase): of 52 cells of 13 patients, ")
    names = ("F1, weighted", "kappa", "sensitivity", "specificity", "AUROC")
    assert [line[2:14].strip() for line in lines[1:6]] == list(names)
    (other,) = (n for n, line in enumerate(lines) if line.startswith("selection (train fold 0): "))
    (own,) = (n for n, line in enumerate(lines) if line.startswith("preliminary phase: "))
    assert 5 < own < other and len([line for line in lines if line.startswith("Result")]) == 1
    commands = [line.split("  #")[0].strip() for line in lines[-3:]]
    assert commands[:2] == [
        f"python scripts/{name}.py 'runs/my run'" for name in ("report", "probe")
    ]
    assert commands[2] == "python scripts/predict.py 'runs/my run' CELL.png"


def test_cross_validation_ends_with_its_refit_and_review():
    report = report_of(draw((6, 7))) | {"best_epochs": [1, 2]}
    lines = format_end([report], Path("runs/folds")).splitlines()
    commands = [line.split("  #")[0].strip() for line in lines[lines.index("Next:") + 1 :]]
    assert commands == [
        "python scripts/train.py --refit runs/folds",
        "python scripts/report.py runs/folds",
        "python scripts/review.py runs/folds",
        "python scripts/predict.py runs/folds CELL.png",
    ]


def test_tables_of_patients_and_folds_name_nobody():
    text = format_patients(draw((6, 7)), threshold=0.5)
    assert text.count("HEM-0") == 6 and text.count("ALL-0") == 7 and "id-" not in text
    assert "| fold |" in text


def test_set_without_labels_has_its_threshold_alone():
    report = report_of(draw((6, 7)))
    for key in ("f1", "kappa"):
        del report[key]
    assert format_report(report).endswith("labels unpublished: predictions only")


def test_set_of_unpublished_patients_says_so():
    report = report_of(draw((6, 7))) | {"num_patients": 0}
    del report["f1"]
    assert ": 52 images, their patients unpublished, epoch 7 chosen on" in format_report(report)
