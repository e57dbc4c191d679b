"""A run as a row of TensorBoard's HParams: its settings and its final metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

import tensorflow as tf
from tensorboard.plugins.hparams.api_pb2 import STATUS_SUCCESS, HParamInfo, MetricInfo, MetricName
from tensorboard.plugins.hparams.summary import experiment_pb, session_end_pb, session_start_pb
from tensorflow.core.framework.summary_pb2 import Summary

from all_tf.config.experiment import Experiment
from all_tf.metrics.registry import shown_in
from all_tf.system.plain_text import file_name

# Settings that are shown by default: the tab has room for five.
_SHOWN = ("arch", "augment", "image_size", "imbalance", "learning_rate")
# TensorBoard reads them from charts, which have one point here: so only the most important.
_COMPARED = tuple(shown_in("forest"))


def write_session(
    experiment: Experiment, reports: Mapping[str, Mapping[str, object]], *, name: str
) -> None:
    """Write one run for the table, with TensorFlow's current writer and step.

    Args:
        experiment: Settings of the run.
        reports: Reports on sets, as in metrics.json, by the role of the set in the run.
        name: Name of the run, unique in the table.
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
    """Return the columns of the table; TensorBoard uses those of one run for all."""
    return experiment_pb(
        hparam_infos=[HParamInfo(name=key, differs=key in _SHOWN) for key in settings],
        metric_infos=[
            MetricInfo(name=MetricName(tag=tag), display_name=f"{key}, {role}")
            for (role, key), tag in tag_of.items()
        ],
    )


def _settings(experiment: Experiment) -> dict[str, int | float | str]:
    """Return the fields of an experiment; the type of a field does not depend on its value."""
    settings = {}
    for field in fields(Experiment):
        value = getattr(experiment, field.name)
        plain = field.type in (int, float, str)  # A field that may be None, or a tuple, is text.
        settings[field.name] = value if plain else _as_text(value)
    return settings | {"weights": file_name(experiment.weights)}  # Without the user's folders.


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)
