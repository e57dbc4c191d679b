"""All that is measured of labelled predictions, as a metrics.json holds it."""

from all_tf.metrics.bootstrap import count_groups, intervals
from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import Predictions, evaluate
from all_tf.metrics.reliability import slope_and_intercept


def all_metrics(predictions: Predictions, *, threshold: float) -> dict[str, object]:
    """Figures of merit, their intervals over patients, numbers of groups, and the worst patient.

    Args:
        predictions: Labelled, of both classes.
        threshold: In [0, 1], as `evaluate` takes it.

    Returns:
        Flat: for each figure KEY, `KEY_low`, `KEY_high` (both None where no interval can be
        estimated); `num_images_all` and so on; `worst_patient`, by pseudonym, with its
        `worst_patient_images` and `worst_patient_correct`, the share of them.

    Raises:
        ValueError: As `evaluate` raises it.
    """
    figures = evaluate(predictions, threshold=threshold)
    bounds = intervals(predictions, threshold=threshold)
    worst = patient_rows(predictions, threshold=threshold)[0]
    measured = count_groups(predictions)
    for key, value in figures.items():
        measured[key] = value
        measured |= {f"{key}_{end}": bounds[f"{key}_{end}"] for end in ("low", "high")}
    measured |= slope_and_intercept(predictions)
    return measured | {
        "worst_patient": worst["pseudonym"],
        "worst_patient_images": worst["num_images"],
        "worst_patient_correct": worst["share_correct"],
    }
