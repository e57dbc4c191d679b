"""Whether a network knows more than a shortcut: its AUROC beside that of probes; numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from all_tf.evaluation import THRESHOLD, Predictions, evaluate
from all_tf.statistics import DRAWS, Units, draw_weights, interval, resampling_units
from all_tf.weighted import weighted_figures
from tfrecords.schema import CLASSES

TRIVIAL, ALTERED = "trivial", "altered"  # A rival; the network itself on poorer cells.
SILHOUETTE = "silhouette"


@dataclass(frozen=True)
class Probe:
    """A rival of the network, or the network on cells from which something was taken."""

    name: str
    kind: str  # TRIVIAL or ALTERED.
    what: str  # It knows, or is shown; as a sentence names it.
    predictions: Predictions
    threshold: float = THRESHOLD


def compare_with_probes(
    predictions: Predictions,
    probes: Sequence[Probe],
    *,
    threshold: float = THRESHOLD,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict:
    """The network's AUROC beside each probe's, and the margin between them, with intervals.

    All are scored on the same cells and resampled in the same draws of patient groups, so that a
    margin has the interval of a paired difference.

    Args:
        predictions: The network's.
        probes: Of the same cells; a trivial one among them.
        threshold: Of the network's decisions.
        draws: Of patient groups.
        seed: Of the draws.

    Returns:
        `model`, with `auc`, `auc_low`, `auc_high`, `kappa`; `probes`, a list of the same with
        `name`, `kind`, `what`, and `margin`, `margin_low`, `margin_high`, the network's AUROC less
        the probe's; `best_probe`, the trivial one of the highest AUROC, and its margin under the
        same three keys; `num_groups_all`, `num_groups_hem`; `verdict`. An end of an interval is
        None where a class has too few groups.

    Raises:
        ValueError: Labels are unpublished, or of one class.
    """
    own = Probe("model", "", "", predictions, threshold)
    units = resampling_units(predictions)
    weights = draw_weights(units, draws=draws, seed=seed)
    model, drawn = _figures(own, units, weights)
    rows = []
    for probe in probes:
        row, drawn_of_probe = _figures(probe, units, weights)
        low, high = interval(drawn - drawn_of_probe, units)
        margin = {"margin": model["auc"] - row["auc"], "margin_low": low, "margin_high": high}
        rows.append({"name": probe.name, "kind": probe.kind, "what": probe.what, **row, **margin})
    best = max((row for row in rows if row["kind"] == TRIVIAL), key=lambda row: row["auc"])
    return {
        "model": model,
        "probes": rows,
        "best_probe": best["name"],
        **{key: best[key] for key in ("margin", "margin_low", "margin_high")},
        "num_groups_all": units.num_all,
        "num_groups_hem": units.num_hem,
        "verdict": _verdict(model, rows, best, units),
    }


def _figures(probe: Probe, units: Units, weights: np.ndarray) -> tuple[dict, np.ndarray]:
    """Its figures with their interval, and its AUROC in each draw."""
    scored = probe.predictions
    figures = evaluate(scored, threshold=probe.threshold)
    drawn = weighted_figures(
        scored.labels,
        scored.calibrated_scores,
        scored.decisions(probe.threshold),
        unit_of_cell=units.of_cell,
        weights=weights,
    )["auc"]
    low, high = interval(drawn, units)
    return {
        "auc": figures["auc"],
        "auc_low": low,
        "auc_high": high,
        "kappa": figures["kappa"],
    }, drawn


def _verdict(model: dict, rows: Sequence[dict], best: dict, units: Units) -> str:
    """What the margins allow to say, and no more.

    A network is called better than shortcuts only if it is better than every one of them, and that
    takes no correction for their number.
    """
    figures = (
        f"AUROC {model['auc']:.3f}, against {best['auc']:.3f} of {best['what']}, "
        f"a margin of {best['margin']:+.3f}"
    )
    if best["margin_low"] is None:
        few = CLASSES[int(units.num_all < units.num_hem)].upper()
        claim = (
            f"It cannot be told whether this model knows more than {best['what']}: {figures}, and "
            f"no interval over patients can be estimated with {units.fewest} {few} "
            f"patient group{'s' * (units.fewest != 1)}."
        )
        return f"{claim} {_of_silhouettes(rows)}"
    figures += f" ({best['margin_low']:+.3f} to {best['margin_high']:+.3f})"
    unbeaten = [r["what"] for r in rows if r["kind"] == TRIVIAL and r["margin_low"] <= 0]
    if best["margin_high"] < 0:
        claim = f"This model knows less than {best['what']}: {figures}."
    elif unbeaten:
        claim = f"This model is not shown to know more than {', or '.join(unbeaten)}: {figures}."
    else:
        claim = f"This model knows more than size, colour and border tell: {figures}."
    return f"{claim} {_of_silhouettes(rows)}".rstrip()


def _of_silhouettes(rows: Sequence[dict]) -> str:
    """What becomes of the network where size and outline is all that it is shown."""
    for row in rows:
        if row["name"] == SILHOUETTE:
            text = f"Shown {row['what']} it has AUROC {row['auc']:.3f}, {-row['margin']:+.3f}"
            if row["margin_low"] is not None and row["margin_low"] <= 0:
                text += ", which is not shown to be less: it may measure size and outline alone"
            return f"{text}."
    return ""
