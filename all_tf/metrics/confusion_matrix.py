"""What is read off a 2x2 confusion matrix; the same formulas for streams and for finished sets."""

STREAMED_METRICS = (
    "accuracy",
    "f1",
    "f1_macro",
    "f1_all",
    "kappa",
    "mcc",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
)


def metrics_from_counts(tn, fp, fn, tp, *, ops) -> dict:
    """Figures of merit of a two-class decision; the disease is the positive class.

    Sensitivity, specificity and F1 are the usual ratios; `f1` is the mean of both classes' F1
    weighted by their frequency (as the challenge scores), `f1_macro` their plain mean, `f1_all`
    the F1 of the disease. `kappa` is Cohen's (1960, Educational and Psychological Measurement 20,
    equation 1), `mcc` Matthews' (1975, Biochimica et Biophysica Acta 405). A ratio of nothing to
    nothing is 0, as scikit-learn has it, so that a figure is always a number.

    Args:
        tn, fp, fn, tp: Counts, as scalars of a numeric library, in floating point.
        ops: That library: `numpy`, or `keras.ops` inside a graph.

    Returns:
        The keys of `STREAMED_METRICS`; scalars in [0, 1], kappa and MCC in [-1, 1].
    """

    def ratio(part, whole):
        return part / ops.where(whole > 0, whole, ops.ones_like(whole))

    total = tn + fp + fn + tp
    positives, negatives = tp + fn, tn + fp
    called_positive, called_negative = tp + fp, tn + fn
    sensitivity, specificity = ratio(tp, positives), ratio(tn, negatives)
    f1_all = ratio(2 * tp, positives + called_positive)
    f1_hem = ratio(2 * tn, negatives + called_negative)
    # Shares, not counts: products of counts would outgrow the precision of float32.
    observed = ratio(tp + tn, total)
    expected = ratio(positives, total) * ratio(called_positive, total) + ratio(
        negatives, total
    ) * ratio(called_negative, total)
    spread = ops.sqrt(ratio(positives, total) * ratio(negatives, total)) * ops.sqrt(
        ratio(called_positive, total) * ratio(called_negative, total)
    )
    covariance = ratio(tp, total) * ratio(tn, total) - ratio(fp, total) * ratio(fn, total)
    return {
        "accuracy": observed,
        "f1": ratio(positives, total) * f1_all + ratio(negatives, total) * f1_hem,
        "f1_macro": (f1_all + f1_hem) / 2,
        "f1_all": f1_all,
        "kappa": ratio(observed - expected, 1 - expected),
        "mcc": ratio(covariance, spread),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
    }
