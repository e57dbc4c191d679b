"""The fields of every file of a run, each with what it may be: one table a file."""

from all_tf.config import choices
from all_tf.metrics.registry import METRICS
from all_tf.runs.expectations import (
    ANY_OBJECT,
    DIGEST,
    NAME,
    TEXT,
    Expected,
    integer,
    list_of,
    mapping_of,
    number,
    optional,
    range_of,
    table,
    word_of,
)
from tfrecords.class_names import class_name_fault
from tfrecords.records_name import is_records_name

_SHARE = number(0, 1)
_POSITIVE = number(0)
_SIDE = integer(1, 100_000)
_CLASS = Expected(
    "the name of a class", lambda held: isinstance(held, str) and not class_name_fault(held)
)
_SPLIT = word_of("train", "validation", "test")
_LOSSES = {"loss", "log_loss"}
_UNBOUNDED = {"calibration_slope", "calibration_intercept"}


def _range_of_metric(key: str) -> Expected:
    if key in _UNBOUNDED:
        return number()
    return _POSITIVE if key in _LOSSES else number(-1, 1)


def _with_ends(key: str, expected: Expected) -> dict[str, Expected]:
    """A metric and the ends of its interval; each is null where it cannot be estimated."""
    return dict.fromkeys((key, f"{key}_low", f"{key}_high"), optional(expected))


_IDENTITY_OF_RECORDS = {
    "records_name": Expected("a name of records, or empty", is_records_name),
    "negative_class": _CLASS,
    "positive_class": _CLASS,
}
_OF_SWEEP = {"trials": integer(1), "trial": NAME, "metric": word_of("kappa", "auc")}
_SWEEP = table(_OF_SWEEP, needed=_OF_SWEEP)
_PARENT = {  # What a run began from, with the caveats of sets by their names.
    "run": NAME,
    "file": NAME,  # Instead of `run`: of the weights of a whole network, whose run is unknown.
    "records": TEXT,
    **dict.fromkeys(("run_sha256", "weights_sha256", "manifest_sha256"), DIGEST),
    "stamps": mapping_of(list_of(NAME)),
    "sweep": _SWEEP,  # Of which that run, or one that it began from, is a trial.
}
_CONTINUES = {"run": NAME, "epoch": integer(1), "run_sha256": DIGEST, "as_one": NAME}

CONFIG = {
    "experiment": ANY_OBJECT,  # `Experiment` checks it.
    "view": table(dict.fromkeys(("crop", "canvas", "output"), _SIDE), needed=("crop", "output")),
    "num_parameters": integer(),
    "class_weights": list_of(number(0, 1e9), length=2),
    "draws": optional(list_of(integer(), length=2)),
    "group_power": _SHARE,
    "folds": word_of("grouped", "official"),
    "records": TEXT,
    **_IDENTITY_OF_RECORDS,
    "engine": ANY_OBJECT,  # `Engine` checks it.
    "tensorboard": word_of(*choices.TENSORBOARD),
    "sweep": _SWEEP,  # Of a refit of one of its trials.
    "parent": table(_PARENT, needed=_PARENT.keys() - {"run", "file", "sweep"}),
    "continues": table(_CONTINUES, needed=_CONTINUES),
}
HEADER = {  # Of the set that was scored: the first fields of metrics.json and of analyses.
    "split": _SPLIT,
    "fold": optional(integer(0, 10_000)),
    "records_sha256": DIGEST,  # Of the manifest; earlier versions wrote none, and no names.
    **_IDENTITY_OF_RECORDS,
    "selected_on": TEXT,
    "stamps": list_of(NAME),
    "best_epoch": optional(integer(1)),
    "tta": word_of(*choices.TTA),
    "threshold": _SHARE,
    "threshold_rule": TEXT,
    "calibrated_on": TEXT,
    "num_images": integer(1),
    "num_patients": integer(),
    "num_groups_all": integer(),
    "num_groups_hem": integer(),
}
METRICS_JSON = {
    **HEADER,
    "num_images_all": integer(),
    "num_images_hem": integer(),
    **{
        key: expected
        for metric in METRICS
        for key, expected in _with_ends(metric, _range_of_metric(metric)).items()
    },
    "worst_patient": TEXT,
    "worst_patient_images": integer(1),
    "worst_patient_correct": _SHARE,
    "num_parameters": integer(),
    "images_per_second": _POSITIVE,
    "weights_sha256": DIGEST,
    "members": list_of(NAME),  # Of an ensemble, as `all_tf.runs.members.note_members` has them.
    "members_sha256": list_of(DIGEST),
    "best_epochs": list_of(integer(1)),  # Of a cross-validation, as the next two.
    "auc_mean_of_folds": optional(_SHARE),
    "note": TEXT,
    "missing": TEXT,  # Why metrics are null, of a set of one class.
    "calibration": NAME,  # The name of one that was fitted on other records.
}
STATUS = {
    "state": word_of("running", "interrupted", "failed", "finished"),
    "epochs_done": integer(),
    "pid": integer(),
    "message": TEXT,
    "images": list_of(TEXT),
}
CALIBRATION = {
    "rule": TEXT,
    "threshold": _SHARE,
    "temperature": number(1e-12, 1e12),
    "bias": number(-1e12, 1e12),
    "fitted_on": TEXT,
    "num_images": integer(),
    "num_groups": integer(),
    "note": TEXT,
}
_COMPARED = {
    key: expected
    for metric in ("kappa", "f1", "ece", "log_loss")
    for key, expected in _with_ends(metric, _range_of_metric(metric)).items()
}
FIT = {  # Of a calibration under a name: what it was fitted on, and what it is worth.
    "name": NAME,
    "network_sha256": DIGEST,
    "records": TEXT,
    "records_sha256": DIGEST,
    **dict.fromkeys(("negative_class", "positive_class"), _CLASS),
    "split": _SPLIT,
    "fold": optional(integer(0, 10_000)),
    "stamps": list_of(NAME),
    "min_sensitivity": _SHARE,
    "parts": integer(2, 1000),
    **dict.fromkeys(("num_images_all", "num_images_hem"), integer(1)),
    **dict.fromkeys(("num_groups_all", "num_groups_hem"), integer(1)),
    "run_calibration": table(CALIBRATION, needed=CALIBRATION),  # The run's own: "before".
    **dict.fromkeys(("before", "after"), table(_COMPARED, needed=_COMPARED)),
}
TRAINING_RANGE = {
    "num_images": integer(1),
    "percentiles": range_of(number(0, 100)),
    "ranges": mapping_of(range_of(_POSITIVE)),
}
_ELLIPSOID = {
    "mean": list_of(number()),
    "precision": list_of(list_of(number())),
    "limit": _POSITIVE,
}
_MAGNIFICATION = {
    "weights": list_of(number()),
    **dict.fromkeys(("bias", "low", "high"), number()),
}
_KNOWN_RANGE = {
    "ellipsoids": mapping_of(table(_ELLIPSOID, needed=_ELLIPSOID)),
    "magnification": table(_MAGNIFICATION, needed=_MAGNIFICATION),
}
_KNOWN_FEATURES = {
    **dict.fromkeys(("mean", "axes", "cells"), NAME),  # Numbers in base 64.
    "patient_of_cell": list_of(integer(0, 10**6)),
    "patients": list_of(NAME),
    "limit": _POSITIVE,
    "limit_from": NAME,
    "num_limit_cells": integer(1),
}
KNOWN_CELLS = {
    "range": table(_KNOWN_RANGE, needed=_KNOWN_RANGE),
    "features": table(_KNOWN_FEATURES, needed=_KNOWN_FEATURES),
}
ENVIRONMENT = {
    "backend": TEXT,
    "python": TEXT,
    "platform": TEXT,
    "cpus": optional(integer()),
    "gpus": list_of(TEXT),
    "packages": mapping_of(TEXT),
    "commit": optional(TEXT),
    "command": list_of(TEXT),
}
CROSS_VALIDATION = {
    "experiment": ANY_OBJECT,
    "folds": list_of(integer(0, 10_000)),
    "records": NAME,
    "options": list_of(TEXT),
}
SWEEP = {
    "name": NAME,  # Of the study in its storage.
    "storage": word_of("journal", "database"),
    "metric": word_of("kappa", "auc"),
    "space": ANY_OBJECT,
}
EXPORT = {  # export.json, of `all_tf.export.metadata.about_model`.
    "use": NAME,
    "made_by": NAME,
    "classes": list_of(_CLASS, length=2),
    "threshold": _SHARE,
    "input": ANY_OBJECT,
    "outputs": ANY_OBJECT,
    "not_inside": TEXT,
    "runs": list_of(ANY_OBJECT),
    "files": mapping_of(ANY_OBJECT),
}
_AUC = {**_with_ends("auc", _SHARE), "kappa": optional(number(-1, 1))}
_MARGIN = _with_ends("margin", number(-1, 1))
_PROBE = {"name": TEXT, "kind": TEXT, "what": TEXT, **_AUC, **_MARGIN}
_IDENTITY = {
    "class": _CLASS,
    "features": TEXT,
    "num_groups": integer(),
    "num_images": integer(),
    "balanced_accuracy": optional(_SHARE),
    "chance": optional(_SHARE),
}
PROBES = {
    **HEADER,
    "model": table(_AUC, needed=_AUC),
    "probes": list_of(table(_PROBE, needed=_PROBE)),
    "best_probe": TEXT,
    **_MARGIN,
    "verdict": TEXT,
    "identity": list_of(table(_IDENTITY)),
    "images_with_pixels_outside": mapping_of(integer()),
}
_RANDOMISED = {
    "layers": TEXT,
    **dict.fromkeys(("rank_correlation", "lowest", "highest"), number(-1.001, 1.001)),
}
_EXPLAINED = {
    "name": TEXT,
    "label": _CLASS,
    "decision": _CLASS,
    "score": _SHARE,
    "why": TEXT,
    "share_inside": optional(number(-0.001, 1.001)),
    "share_covered": _SHARE,
    "rank_correlation": number(-1.001, 1.001),
}
EXPLANATIONS = {
    **HEADER,
    "map_side": integer(1),
    "randomised": list_of(table(_RANDOMISED, needed=_RANDOMISED)),
    "verdict": TEXT,
    "cells": list_of(table(_EXPLAINED)),
}
PREDICTIONS = {
    "name": NAME,
    "patient": TEXT,
    "group": TEXT,
    "label": integer(-1, 1),
    "fold": optional(integer(0, 10_000)),
    "logit": number(),
    "score": _SHARE,
    "calibrated_score": _SHARE,
}
# A metric of training and selection set by epoch. Only the loss of a set may be no number: where
# a logit overflows, and then another epoch is chosen.
_NO_NUMBER = word_of("nan", "inf")
_LOSS_OF_EPOCH = Expected("a loss", lambda x: _POSITIVE.holds(x) or _NO_NUMBER.holds(x))
HISTORY = {
    "epoch": integer(1),
    "epoch_share": _SHARE,
    **{key: _range_of_metric(key) for key in choices.DIRECTIONS},
    **{f"val_{key}": _range_of_metric(key) for key in choices.DIRECTIONS},
    "val_loss": _LOSS_OF_EPOCH,
    "images_per_second": _POSITIVE,
    "learning_rate": _POSITIVE,
    "seconds": _POSITIVE,
}
LEARNT_FROM, CHOSEN_ON = "learnt from", "chosen on"
TRAINING_IMAGES = {"pixels": NAME, "patient": TEXT, "use": word_of(LEARNT_FROM, CHOSEN_ON)}
