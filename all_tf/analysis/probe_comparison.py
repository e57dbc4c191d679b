"""Comparison of a network with probes: AUROC, margins and their intervals; numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from all_tf.analysis.alterations import SILHOUETTE
from all_tf.metrics.bootstrap import NUM_RESAMPLES, Bootstrap
from all_tf.metrics.formatting import interval_text, signed
from all_tf.metrics.predictions import THRESHOLD, Predictions, evaluate

TRIVIAL, ALTERED = "trivial", "altered"  # A simple classifier; the network on altered images.


@dataclass(frozen=True)
class Probe:
    """A simple classifier, or the network on images from which information was removed."""

    name: str
    kind: str  # TRIVIAL or ALTERED.
    what: str  # Its input, as a noun phrase for sentences.
    predictions: Predictions
    threshold: float = THRESHOLD


def compare_with_probes(
    predictions: Predictions,
    probes: Sequence[Probe],
    *,
    threshold: float = THRESHOLD,
    draws: int = NUM_RESAMPLES,
    seed: int = 0,
) -> dict:
    """Compute AUROCs of the network and of each probe, and their margins, with intervals.

    All are scored on the same cells and use the same bootstrap samples of patient groups, so that
    the interval of a margin is that of a paired difference.

    Args:
        predictions: Predictions of the network.
        probes: Probes on the same cells, at least one of them trivial.
        threshold: Threshold of the network's decisions.
        draws: Number of bootstrap samples of patient groups.
        seed: Seed of the bootstrap.

    Returns:
        `model`, with `auc`, `auc_low`, `auc_high`, `kappa`; `probes`, a list of the same with
        `name`, `kind`, `what`, and `margin`, `margin_low`, `margin_high`, the network's AUROC minus
        the probe's; `best_probe`, the trivial one of the highest AUROC, and its margin under the
        same three keys; `num_groups_all`, `num_groups_hem`; `verdict`. The ends of an interval are
        None if a class has too few patient groups.

    Raises:
        ValueError: Labels are unpublished, or of one class.
    """
    own = Probe("model", "", "", predictions, threshold)
    bootstrap = Bootstrap(predictions, num_resamples=draws, seed=seed)
    model, drawn = _figures(own, bootstrap)
    rows = []
    for probe in probes:
        row, drawn_of_probe = _figures(probe, bootstrap)
        low, high = bootstrap.interval(drawn - drawn_of_probe)
        margin = {"margin": model["auc"] - row["auc"], "margin_low": low, "margin_high": high}
        rows.append({"name": probe.name, "kind": probe.kind, "what": probe.what, **row, **margin})
    best = max((row for row in rows if row["kind"] == TRIVIAL), key=lambda row: row["auc"])
    result = {
        "model": model,
        "probes": rows,
        "best_probe": best["name"],
        **{key: best[key] for key in ("margin", "margin_low", "margin_high")},
        "num_groups_all": bootstrap.groups.num_all,
        "num_groups_hem": bootstrap.groups.num_hem,
        **predictions.classes.as_dict(),
    }
    return result | {"verdict": f"{_claim(result, best)} {_of_silhouettes(rows)}".rstrip()}


def _figures(probe: Probe, bootstrap: Bootstrap) -> tuple[dict, np.ndarray]:
    """Return the metrics of a probe, and its AUROC in each bootstrap sample."""
    scored = probe.predictions
    figures = evaluate(scored, threshold=probe.threshold)
    drawn = bootstrap.metrics(scored, threshold=probe.threshold)["auc"]
    low, high = bootstrap.interval(drawn)
    row = {"auc": figures["auc"], "auc_low": low, "auc_high": high, "kappa": figures["kappa"]}
    return row, drawn


def _claim(result: dict, best: dict) -> str:
    """State the conclusion that the margins support.

    A network is better than shortcuts only if it is better than every one of them. This test needs
    no correction for their number (Berger, 1982, Technometrics 24(4): intersection-union).
    """
    figures = (
        f"AUROC {result['model']['auc']:.3f}, against {best['auc']:.3f} of {best['what']}: a "
        f"margin of {signed(result['margin'])} ({interval_text(result, 'margin', show=signed)})."
    )
    if best["margin_low"] is None and best["margin"] > 0:
        return f"It is not known whether this model knows more than {best['what']}. {figures}"
    if best["margin_low"] is not None and best["margin_high"] < 0:
        return f"This model knows less than {best['what']}. {figures}"
    trivial = [row for row in result["probes"] if row["kind"] == TRIVIAL]
    if unbeaten := [row["what"] for row in trivial if _at_most_zero(row)]:
        return f"This model is not shown to know more than {', or '.join(unbeaten)}. {figures}"
    return f"This model knows more than size, colour and border tell. {figures}"


def _at_most_zero(row: dict) -> bool:
    """Return whether a margin may be 0 or less, by its interval or, without one, by its value."""
    return (row["margin"] if row["margin_low"] is None else row["margin_low"]) <= 0


def _of_silhouettes(rows: Sequence[dict]) -> str:
    """Describe the network's AUROC on silhouettes, which show only size and outline."""
    for row in rows:
        if row["name"] == SILHOUETTE:
            text = f"Shown {row['what']} it has AUROC {row['auc']:.3f}"
            if _at_most_zero(row):
                text += ", not shown to be less: what it sees besides the outline may add nothing"
            return f"{text}."
    return ""
