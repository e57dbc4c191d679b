"""Every cell of every patient is drawn, the worst patient where it can be seen."""

import numpy as np

from all_tf.plots.patients import draw_patients
from all_tf.plots.style import COLOUR_OF_CLASS


def test_every_cell_of_every_patient_is_a_tick_of_its_class():
    scores_of = {"ALL-01": np.array([0.9, 0.2]), "HEM-01": np.array([0.1]), "ALL-02": np.ones(3)}
    rows = [
        {
            "pseudonym": name,
            "label": int(name < "B"),
            "num_images": len(scores),
            "share_correct": float(np.mean(scores > 0.5)),
            "mean_score": float(np.mean(scores)),
        }
        for name, scores in scores_of.items()
    ]
    strip, bars = draw_patients(rows, scores_of, threshold=0.5).axes
    order = [tick.get_text() for tick in strip.get_yticklabels()]
    assert order == ["ALL-02", "ALL-01", "HEM-01"]
    _, *ticks = strip.lines
    found = {
        (order[round(y + 0.36)], x, line.get_color())
        for line in ticks
        for x, y in line.get_xydata()[::3]
    }
    assert found == {
        (name, score, COLOUR_OF_CLASS[int(name < "B")])
        for name, scores in scores_of.items()
        for score in scores
    }
    assert [bar.get_width() for bar in bars.patches] == [100, 50, 0]
    assert "50 % of 2" in {text.get_text() for text in bars.texts}
