"""The cells that a network was most wrong about, by class, with the patient's pseudonym."""

import numpy as np

from all_tf.metrics.predictions import Predictions
from all_tf.metrics.scored_set import Count, ScoredSet, count, worst_mistakes

NAMES = np.array(["a", "b", "c", "d", "e"])
PATIENTS = np.array(["p", "p", "p", "q", "q"])
LABELS = np.array([1, 1, 1, 0, 0])
SCORES = np.array([0.4, 0.1, 0.9, 0.8, 0.2])
SCORED = ScoredSet(
    report={"threshold": 0.5},
    predictions=Predictions(
        NAMES, PATIENTS, PATIENTS, LABELS, np.zeros(5), calibrated_scores=SCORES
    ),
    patients=[{"patient": "p", "pseudonym": "ALL-01"}, {"patient": "q", "pseudonym": "HEM-01"}],
)


def test_worst_mistake_comes_first_and_the_rest_is_counted():
    missed, alarms = worst_mistakes(SCORED, most=1)
    assert [tuple(mistake) for mistake in missed.worst] == [("b", "ALL-01", 0.1)]
    assert missed.number == 2
    assert [tuple(mistake) for mistake in alarms.worst] == [("d", "HEM-01", 0.8)]
    assert alarms.number == 1


def test_cells_and_patients_are_counted_by_class():
    assert SCORED.count == Count(all_cells=3, all_patients=1, hem_cells=2, hem_patients=1)
    assert (SCORED.count.cells, SCORED.count.patients) == (5, 2)
    assert count([]) == Count(0, 0, 0, 0)
