"""Runs stand in a forest plot in their order; a legend only tells what there is."""

from all_tf.plots.forest import draw_forest


def test_runs_stand_from_top_to_bottom_and_nothing_reported_needs_no_legend():
    rows = [{"run": "a", "kappa": 0.4}, {"run": "b", "kappa": 0.7}, {"run": "c", "kappa": 0.5}]
    figure = draw_forest(rows, "kappa", name="kappa")
    (axes,) = figure.axes
    (dots,) = axes.lines  # No intervals, nothing reported.
    assert dots.get_xydata().tolist() == [[0.4, 0], [0.7, 1], [0.5, 2]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    bottom, top = axes.get_ylim()
    assert bottom > top and axes.get_xlabel() == "kappa" and not figure.legends
