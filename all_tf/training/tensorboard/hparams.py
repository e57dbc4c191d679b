"""A run as a row of TensorBoard's HParams: its settings, and the figures that it ended with."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

import tensorflow as tf
from tensorboard.plugins.hparams.api_pb2 import STATUS_SUCCESS, HParamInfo, MetricInfo, MetricName
from tensorboard.plugins.hparams.summary import experiment_pb, session_end_pb, session_start_pb
from tensorflow.core.framework.summary_pb2 import Summary

from all_tf.config.experiment import Experiment
from all_tf.metrics.registry import shown_in

# Settings that are shown without being asked for: the tab has room for five.
_SHOWN = ("arch", "augment", "image_size", "imbalance", "learning_rate")
_COMPARED = tuple(shown_in("runs", first=("f1", "kappa", "auc")))


def write_session(
    experiment: Experiment, reports: Mapping[str, Mapping[str, object]], *, name: str
) -> None:
    """Write one run for the table, to the writer and at the step that are set.

    Args:
        experiment: Its settings.
        reports: By what the run does with a set, its report, as metrics.json holds it.
        name: Of the run; no other row of the table may have it.
    """
    tag_of = {(role, key): f"result/{key}, {role}" for key in _COMPARED for role in reports}
    for (role, key), tag in tag_of.items():
        tf.summary.scalar(tag, reports[role][key])
    settings = _settings(experiment)
    for proto in (
        _table(settings, tag_of),
        session_start_pb(settings, group_name=name),
        session_end_pb(STATUS_SUCCESS),
    ):
        tf.summary.experimental.write_raw_pb(proto.SerializeToString())


def _table(settings: Iterable[str], tag_of: Mapping[tuple[str, str], str]) -> Summary:
    """The columns of the table; TensorBoard takes those of any run for the columns of all."""
    return experiment_pb(
        hparam_infos=[HParamInfo(name=key, differs=key in _SHOWN) for key in settings],
        metric_infos=[
            MetricInfo(name=MetricName(tag=tag), display_name=f"{key}, {role}")
            for (role, key), tag in tag_of.items()
        ],
    )


def _settings(experiment: Experiment) -> dict[str, int | float | str]:
    """The fields of an experiment, each of one type whatever its value."""
    settings = {}
    for field in fields(Experiment):
        value = getattr(experiment, field.name)
        plain = field.type in (int, float, str)  # What may be None, or several words, is text.
        settings[field.name] = value if plain else _as_text(value)
    return settings | {"weights": Path(experiment.weights).name}  # Whose folder is nobody's affair.


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)
