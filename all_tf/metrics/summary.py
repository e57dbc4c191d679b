"""All metrics of labelled predictions, with their intervals, as a metrics.json holds them."""

from all_tf.metrics.bootstrap import Bootstrap, count_groups, intervals
from all_tf.metrics.one_class import one_class_metrics, only_class
from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import Predictions, evaluate
from all_tf.metrics.reliability import slope_and_intercept


def all_metrics(
    predictions: Predictions, *, threshold: float, bootstrap: Bootstrap | None = None
) -> dict[str, object]:
    """The metrics, their intervals over patients, numbers of groups, and the worst patient.

    Args:
        predictions: Labelled.
        threshold: In [0, 1], as `evaluate` takes it.
        bootstrap: Of these predictions, where other parts of a report use it; None makes one.

    Returns:
        Flat: for each metric KEY, `KEY_low`, `KEY_high` (both None where no interval can be
        estimated); `num_images_all` and so on; `worst_patient`, by pseudonym, with its
        `worst_patient_images` and `worst_patient_correct`, the share of them. Where only one class
        is there, metrics that need the other are None, and `missing` says so.

    Raises:
        ValueError: A label is unpublished.
    """
    bootstrap = bootstrap or Bootstrap(predictions)
    measured: dict[str, object] = {}
    if predictions.labelled and only_class(predictions):
        measured |= one_class_metrics(predictions, threshold=threshold, bootstrap=bootstrap)
    else:
        values = evaluate(predictions, threshold=threshold)
        bounds = intervals(predictions, threshold=threshold, bootstrap=bootstrap)
        for key, value in values.items():
            measured[key] = value
            measured |= {f"{key}_{end}": bounds[f"{key}_{end}"] for end in ("low", "high")}
        measured |= slope_and_intercept(predictions, bootstrap=bootstrap)
    worst = patient_rows(predictions, threshold=threshold)[0]
    counts = count_groups(predictions, groups=bootstrap.groups)
    return {**counts, **measured} | {
        "worst_patient": worst["pseudonym"],
        "worst_patient_images": worst["num_images"],
        "worst_patient_correct": worst["share_correct"],
    }
