"""What TensorBoard shows while a training runs, as callbacks."""

from dataclasses import replace
from pathlib import Path

import keras
from keras.callbacks import Callback

from all_tf.data.batches import images_in_epoch, steps_in_epoch
from all_tf.runs.folder import CONFIG_FILE, EVENTS_FOLDER, read_config
from all_tf.runs.records_label import records_label
from all_tf.runs.stamps import selected_on
from all_tf.system.plain_text import file_name
from all_tf.training.callbacks.best_weights import BestWeights
from all_tf.training.callbacks.epoch_charts import EpochCharts, ProgressText
from all_tf.training.callbacks.epoch_log import CSVHistory
from all_tf.training.callbacks.epoch_pictures import EpochPictures
from all_tf.training.callbacks.step_charts import StepCharts, StepMeter
from all_tf.training.callbacks.time_limit import TimeLimit
from all_tf.training.event_files import EventWriters
from all_tf.training.kept_logits import KeptLogits
from all_tf.training.prepared import Prepared
from all_tf.training.startup_text import describe_run
from builders.classifier import Classifier


def board_callbacks(
    prepared: Prepared,
    learner: Classifier,
    *,
    run: Path,
    best: BestWeights,
    history: CSVHistory,
    limit: TimeLimit | None,
) -> list[Callback]:
    """Return the callbacks that write for TensorBoard, in their order.

    They change nothing of the training. Steps of JAX keep no logits, so that there are no pictures
    of an epoch then.

    Args:
        prepared: The training.
        learner: What is trained: the network, or its head.
        run: The run's folder.
        best, history: Callbacks that come earlier in the list.
        limit: Callback with the time that is left, which comes earlier too; None without a limit.
    """
    experiment, data, plan, _ = prepared
    # The text may be handed on: without the user's folders.
    nameless = replace(experiment, weights=file_name(experiment.weights))
    steps = steps_in_epoch(data.fit, plan, batch_size=experiment.batch_size)
    num_images = images_in_epoch(data.fit, plan)
    num_validated = len(data.selection) if experiment.chooses else 0
    writers, records = EventWriters(run / EVENTS_FOLDER), _records_of(run)
    callbacks: list[Callback] = [
        ProgressText(
            writers,
            plan=describe_run(prepared._replace(experiment=nameless), steps=steps),
            first_epoch=len(history.rows),
            best=best,
            history=history,
        ),
        StepCharts(
            writers,
            StepMeter(num_images=num_images, steps=steps, batch_size=experiment.batch_size),
            num_images=(num_images, num_validated),
            freeze_epochs=experiment.frozen_first,
            limit=limit,
        ),
    ]
    if experiment.chooses and keras.backend.backend() == "tensorflow":
        kept = KeptLogits(num_validated, batch_size=experiment.batch_size)
        learner.keep_logits = kept
        of = f"selection ({selected_on(experiment)})" + (f" of {records}" if records else "")
        callbacks.append(EpochPictures(writers, kept, cells=data.selection, of=of))
    return [*callbacks, EpochCharts(writers, records=records)]


def _records_of(run: Path) -> str | None:
    """The records that the run's config.json names; a benchmark writes none."""
    if not (run / CONFIG_FILE).is_file():
        return None
    return records_label(read_config(run)[1])
