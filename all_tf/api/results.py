"""What the methods of a trained classifier give: each shows itself in a notebook, or as text."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from all_tf.analysis.explanation_text import format_explanations
from all_tf.api.figure import ShownFigure
from all_tf.api.table import Table
from all_tf.export.export_text import format_export
from all_tf.metrics.predictions import Predictions
from all_tf.plots.cell_grid import draw_cells
from all_tf.plots.cell_images import cell_image
from all_tf.reports.text import format_patients, format_report
from all_tf.runs.folder import PREDICTIONS_FILE, set_name
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.records_label import records_label
from all_tf.system.checks import at_least
from tfrecords.class_names import class_names_of

if TYPE_CHECKING:
    from all_tf.evaluation.predict_images import Answer

_SIDE = 144  # Pixels of a cell in a picture.
_COLUMNS = 4


class PredictionTable(Table):
    """A row for each image; see `TrainedClassifier.predict`.

    Attributes:
        answer: All that the networks gave, from which the rows were made.
        problems: "PATH: REASON" of each image that could not be scored.
        patients: A row for each patient; empty where no patients were named.
    """

    def __init__(self, answer: "Answer"):
        super().__init__(answer.rows)
        self.answer = answer
        self.problems = answer.problems
        self.patients = Table(answer.patients)


class EvaluationReport(dict[str, Any]):
    """The metrics of a set of cells, by the keys of metrics.json; as text, what people read.

    Args:
        report: The content of metrics.json.
        folder: Where it lies, with predictions.csv.
        records: The records that hold the cells.
        crop: The side of the centre that the network sees, in pixels of an image.

    Example:
        >>> report = all_tf.load("runs/first").evaluate()
        >>> 0 <= report["balanced_accuracy"] <= 1
        True
        >>> report.cells.columns
        ['name', 'patient', 'label', 'decision', 'right', 'probability']
        >>> (report.folder / "metrics.json").exists()
        True
    """

    def __init__(self, report: Mapping[str, Any], folder: Path, records: Path, *, crop: int):
        super().__init__(report)
        self.folder = folder
        self._records, self._crop = records, crop

    @cached_property
    def cells(self) -> Table:
        """A row for each cell: what it is, and what the network calls it; surest errors first."""
        found = self._predictions
        decisions = found.decisions(self["threshold"])
        wrong = (decisions != found.labels) & (found.labels >= 0)
        certainty = np.abs(found.calibrated_scores - self["threshold"])
        order = np.lexsort((-certainty, ~wrong))
        return Table(
            {
                "name": str(found.names[place]),
                "patient": str(found.patients[place]),
                "label": found.classes[found.labels[place]] if found.labels[place] >= 0 else None,
                "decision": found.classes[decisions[place]],
                "right": not wrong[place] if found.labels[place] >= 0 else None,
                "probability": float(found.calibrated_scores[place]),
            }
            for place in order.tolist()
        )

    def draw_errors(self, *, most: int = 8) -> ShownFigure:
        """Draw the cells that were called wrongly, the surest errors first; no patient is named.

        Args:
            most: Number of cells, at least 1.

        Raises:
            ConfigError: `most` is below 1.
            ValueError: No cell was called wrongly.

        Example:
            >>> report = all_tf.load("runs/first").evaluate()
            >>> report.draw_errors(most=4).save("errors.png")
            PosixPath('errors.png')
        """
        at_least("most", most, 1)
        errors = [row for row in self.cells if row["right"] is False][:most]
        if not errors:
            raise ValueError("There is nothing to draw: no cell was called wrongly.")
        from all_tf.data.cells import load_cells

        cells = load_cells(self._records, self["split"])
        png_of_name = dict(zip(cells.names.tolist(), cells.pngs, strict=True))
        images = [
            cell_image(png_of_name[row["name"]], crop=self._crop, side=_SIDE) for row in errors
        ]
        captions = [
            f"{row['label']} called {row['decision']}\nprobability {row['probability']:.2f}"
            for row in errors
        ]
        title = f"{set_name(self['split'], self['fold'])} of {records_label(self)}"
        figure = draw_cells(np.stack(images), captions, columns=_COLUMNS, title=title)
        return ShownFigure(figure)

    @cached_property
    def _predictions(self) -> Predictions:
        path = self.folder / PREDICTIONS_FILE
        return read_predictions(path, classes=class_names_of(self))

    def __repr__(self) -> str:
        text = format_report(self)
        if not self._predictions.labelled:
            return text
        return f"{text}\n\n{format_patients(self._predictions, threshold=self['threshold'])}\n"


class Explanation(NamedTuple):
    """Heat maps of some cells; a notebook shows the picture.

    Attributes:
        picture: The file cells.png.
        result: The content of explanations.json, which lies beside it.
    """

    picture: Path
    result: dict[str, Any]

    def __repr__(self) -> str:
        return format_explanations(self.result)

    def _repr_png_(self) -> bytes:
        return self.picture.read_bytes()


class ExportedModel(NamedTuple):
    """A file that opens without this project.

    Attributes:
        path: The file, or the folder of a SavedModel.
        about: What export.json says of it: the format, the size, and the proof that it is right.
    """

    path: Path
    about: dict[str, Any]

    def __repr__(self) -> str:
        return format_export(self.path, self.about)
