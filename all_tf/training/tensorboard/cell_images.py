"""Images of cells in TensorBoard: the worst mistakes of a run, and batches of its training."""

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells
from all_tf.data.previews import caption, learnt_batch, seen
from all_tf.metrics.scored_set import ScoredSet, worst_mistakes
from all_tf.plots.cell_grid import draw_cells
from all_tf.training.prepare import Prepared
from all_tf.training.tensorboard.scored_sets import title_of, write_picture

_MOST_MISTAKES = 16  # Of each class.
_MOST_OF_A_BATCH = 32  # Cells in a picture.
_NUM_BATCHES = 3


def write_mistakes(scored: ScoredSet, cells: Cells, experiment: Experiment) -> None:
    """Write the wrongly classified cells of the highest confidence, as the network saw them.

    Args:
        scored: A scored set.
        cells: The cells of the set.
        experiment: Settings of the view.
    """
    place_of = {name: place for place, name in enumerate(cells.names)}
    for mistakes in worst_mistakes(scored, most=_MOST_MISTAKES):
        if not mistakes.worst:
            continue
        shown = cells.take(np.array([place_of[each.name] for each in mistakes.worst]))
        figure = draw_cells(
            seen(shown, experiment),
            [f"score {each.score:.3f}\n{each.patient}" for each in mistakes.worst],
        )
        title = f"{mistakes.title}, {len(shown)} of {mistakes.number}; {title_of(scored.report)}"
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
        images, labels = batch.images[:_MOST_OF_A_BATCH], batch.labels[:_MOST_OF_A_BATCH]
        figure = draw_cells(images, [caption(float(label), classes) for label in labels])
        title = f"{batch.title}, {len(images)} of {len(batch.images)} cells of {of}"
        write_picture("pictures, cells/learnt from", figure, title=title, step=epoch + 1)
