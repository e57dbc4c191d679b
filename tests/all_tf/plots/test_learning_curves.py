"""A learning curve shows every epoch of both sets, and which epoch was kept."""

from all_tf.plots.learning_curves import CURVES, draw_curve


def test_curve_has_both_sets_and_the_epoch_that_was_kept():
    rows = [
        {"epoch": str(n), **{f"{of}{key}": f"{n / 10}" for of in ("", "val_") for key in CURVES}}
        for n in (1, 2, 3)
    ]
    rows[1]["val_kappa"] = "0.7"
    (axes,) = draw_curve(rows, "kappa", best_epoch=2).axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert axes.get_ylabel() == "kappa" and lines.keys() >= {"selection set", "training"}
    assert lines["selection set"] == [[1, 0.1], [2, 0.7], [3, 0.3]]
    assert lines["training"] == [[1, 0.1], [2, 0.2], [3, 0.3]]
    assert axes.lines[0].get_xdata() == [2, 2]


def test_curve_without_a_selection_set_has_the_training_alone():
    rows = [{"epoch": n, "loss": 1 / n} for n in (1, 2)]
    (axes,) = draw_curve(rows, "loss", best_epoch=None).axes
    assert [line.get_label() for line in axes.lines] == ["training"]
