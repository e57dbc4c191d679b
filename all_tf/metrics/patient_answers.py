"""A summary of the answers for the cells of each patient, with an interval over the cells."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from all_tf.metrics.bootstrap import LEVEL

SUMMARY_COLUMNS = (
    "patient",
    "num_cells",
    "num_positive",
    "num_negative",
    "num_none",
    "share_positive",
    "share_positive_low",
    "share_positive_high",
    "mean_probability",
)


def summarise_patients(
    patients: Sequence[str], answers: Sequence[str], probabilities: Sequence[float]
) -> list[dict[str, object]]:
    """A row for each patient, in the order of their names; cells without a patient are in none.

    The interval holds for cells drawn from this patient's; it says nothing of how often the
    network is wrong about patients.

    Args:
        patients: Of each cell; empty where it is not known.
        answers: Of each cell: "positive", "negative" or "none".
        probabilities: Of each cell, in [0, 1].

    Returns:
        `patient`, `num_cells`, `num_positive`, `num_negative`, `num_none`, `share_positive` of the
        answered cells, its interval at the level of .95 (Wilson, 1927, Journal of the American
        Statistical Association 22) as `share_positive_low` and `share_positive_high`, and
        `mean_probability` of the answered cells; None where no cell is answered.
    """
    rows: list[dict[str, object]] = []
    ids, given = np.array(patients, dtype=str), np.array(answers, dtype=str)
    for patient in np.unique(ids[ids != ""]):
        own = ids == patient
        counts = [int(np.sum(given[own] == each)) for each in ("positive", "negative", "none")]
        answered = counts[0] + counts[1]
        share, low, high, mean = None, None, None, None
        if answered:
            found = stats.binomtest(counts[0], answered)
            share = counts[0] / answered
            low, high = map(float, found.proportion_ci(LEVEL, method="wilson"))
            mean = float(np.mean(np.asarray(probabilities)[own & (given != "none")]))
        values = (str(patient), int(np.sum(own)), *counts, share, low, high, mean)
        rows.append(dict(zip(SUMMARY_COLUMNS, values, strict=True)))
    return rows
