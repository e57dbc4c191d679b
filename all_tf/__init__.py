"""The C-NMC study in Keras: pipelines, training, evaluation and trust."""

from importlib import import_module
from typing import TYPE_CHECKING

from all_tf.system.own_packages import require_own_packages

if TYPE_CHECKING:  # For editors and type checkers; each name is imported when it is first used.
    from all_tf.api.batch import draw_batch as draw_batch
    from all_tf.api.comparing import ComparedRuns as ComparedRuns
    from all_tf.api.comparing import compare as compare
    from all_tf.api.figure import ShownFigure as ShownFigure
    from all_tf.api.records import make_records as make_records
    from all_tf.api.results import EvaluationReport as EvaluationReport
    from all_tf.api.results import Explanation as Explanation
    from all_tf.api.results import ExportedModel as ExportedModel
    from all_tf.api.results import PredictionTable as PredictionTable
    from all_tf.api.table import Table as Table
    from all_tf.api.trained import TrainedClassifier as TrainedClassifier
    from all_tf.api.trained import load as load
    from all_tf.api.training import train_network as train

__version__ = "0.1.0"

__all__ = [
    "ComparedRuns",
    "EvaluationReport",
    "Explanation",
    "ExportedModel",
    "PredictionTable",
    "ShownFigure",
    "Table",
    "TrainedClassifier",
    "compare",
    "draw_batch",
    "load",
    "make_records",
    "train",
]
_DEFINED_AS = {
    "ComparedRuns": "comparing.ComparedRuns",
    "EvaluationReport": "results.EvaluationReport",
    "Explanation": "results.Explanation",
    "ExportedModel": "results.ExportedModel",
    "PredictionTable": "results.PredictionTable",
    "ShownFigure": "figure.ShownFigure",
    "Table": "table.Table",
    "TrainedClassifier": "trained.TrainedClassifier",
    "compare": "comparing.compare",
    "draw_batch": "batch.draw_batch",
    "load": "trained.load",
    "make_records": "records.make_records",
    "train": "training.train_network",  # `all_tf.training.train` has a function `train` of its own.
}

require_own_packages()


def __getattr__(name: str) -> object:
    """Import what the API calls by this name (PEP 562)."""
    if name not in _DEFINED_AS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, defined = _DEFINED_AS[name].partition(".")
    return getattr(import_module(f"all_tf.api.{module}"), defined)


def __dir__() -> list[str]:
    """The names of the API beside those of the module."""
    return sorted({*globals(), *__all__})
