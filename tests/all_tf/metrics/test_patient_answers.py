"""A patient's cells are counted by answer, with Wilson's interval over those that are answered."""

import numpy as np
import pytest

from all_tf.metrics.patient_answers import summarise_patients


def test_cells_are_counted_by_patient_and_the_interval_is_wilsons():
    patients = ["b"] * 10 + ["a", "a"]
    answers = ["positive"] * 6 + ["negative"] * 2 + ["none"] * 2 + ["none", "none"]
    probabilities = np.linspace(0, 1, 12).tolist()
    first, second = summarise_patients(patients, answers, probabilities)
    assert (first["patient"], first["num_cells"], first["num_none"]) == ("a", 2, 2)
    assert (
        first["share_positive"] is first["share_positive_low"] is first["mean_probability"] is None
    )
    counts = [second[key] for key in ("num_cells", "num_positive", "num_negative", "num_none")]
    assert counts == [10, 6, 2, 2] and second["share_positive"] == 0.75
    assert second["mean_probability"] == pytest.approx(np.mean(probabilities[:8]))
    z, n, p = 1.959964, 8, 0.75
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((centre + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    assert second["share_positive_low"] == pytest.approx(low, abs=1e-6)
    assert second["share_positive_high"] == pytest.approx(high, abs=1e-6)


def test_no_cells_have_no_patients():
    assert summarise_patients([], [], []) == []


def test_cells_without_a_patient_are_no_patient():
    (row,) = summarise_patients(["", "a", ""], ["positive"] * 3, [0.5, 0.75, 1.0])
    assert (row["patient"], row["num_cells"], row["mean_probability"]) == ("a", 1, 0.75)
