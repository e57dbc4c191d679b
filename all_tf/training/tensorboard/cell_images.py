"""Images of cells in TensorBoard: the worst mistakes of a run, and batches of its training."""

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells
from all_tf.data.previews import caption, learnt_batch, seen
from all_tf.metrics.scored_set import ScoredSet, worst_mistakes
from all_tf.plots.cell_grid import draw_cells
from all_tf.plots.cell_images import brighten
from all_tf.training.prepared import Prepared
from all_tf.training.tensorboard.scored_sets import title_of, write_picture

_CELLS = 8  # In a picture: TensorBoard shows it some 400 pixels wide,
_COLUMNS, _POINTS = 4, 13  # where captions of 13 points can be read.
_NUM_BATCHES = 3


def write_mistakes(scored: ScoredSet, cells: Cells, experiment: Experiment) -> None:
    """Write the wrongly classified cells of the highest confidence, as the network saw them.

    Args:
        scored: A scored set.
        cells: The cells of the set.
        experiment: Settings of the view.
    """
    place_of = {name: place for place, name in enumerate(cells.names)}
    for mistakes in worst_mistakes(scored, most=_CELLS):
        if not mistakes.worst:
            continue
        shown = cells.take(np.array([place_of[each.name] for each in mistakes.worst]))
        figure = draw_cells(
            brighten(seen(shown, experiment)),
            [f"score {each.score:.3f}\n{each.patient}" for each in mistakes.worst],
            columns=_COLUMNS,
            points=_POINTS,
        )
        number = f"{len(shown)} of {mistakes.number}; brightened"
        title = f"{mistakes.title}, {number}; {title_of(scored.report)}"
        write_picture(f"pictures, cells/{mistakes.title}", figure, title=title)


def write_batches(prepared: Prepared, *, of: str) -> None:
    """Write the first batch of each of the first epochs, as the training step saw it.

    Args:
        prepared: The run.
        of: Its records, for the title (`records_label`).
    """
    experiment, classes = prepared.experiment, prepared.data.fit.classes
    for epoch in range(min(_NUM_BATCHES, experiment.epochs)):
        batch = learnt_batch(prepared.data.fit, prepared.plan, experiment, epoch=epoch)
        images, labels = batch.images[:_CELLS], batch.labels[:_CELLS]
        captions = [caption(float(label), classes).replace(", ", "\n") for label in labels]
        figure = draw_cells(brighten(images), captions, columns=_COLUMNS, points=_POINTS)
        title = f"{batch.title}, {len(images)} of {len(batch.images)} cells of {of}, brightened"
        write_picture("pictures, cells/learnt from", figure, title=title, step=epoch + 1)
