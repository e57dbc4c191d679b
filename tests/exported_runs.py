"""Untrained runs whose probabilities are spread out, to be exported."""

from pathlib import Path

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.evaluation.predict import batches_to_score, predict
from all_tf.evaluation.run_weights import load_run
from all_tf.export.reference import ProofCells, refer
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import write_calibration
from tests.untrained import write_run

_LEAST = 0.01  # Of a temperature: a lower one would show how float32 rounds a feature map.


def write_spread_run(run: Path, records: Path, experiment: Experiment) -> Path:
    """A run whose threshold lies in the widest gap of its scores on some cells.

    Args:
        run: Its folder, which is made.
        records: That it claims to be trained on.
        experiment: Its settings.
    """
    write_run(run, records, experiment)
    cells = refer([run], ProofCells(24), threshold=0.5).cells
    model = load_run(run).model
    logits = predict(model, batches_to_score(cells, experiment, title="cells"), cells).logits
    temperature = max(float(np.std(logits)), _LEAST)
    calibration = Calibration(temperature=temperature, bias=-float(np.mean(logits)) / temperature)
    scores = np.sort(1 / (1 + np.exp(-logits / temperature - calibration.bias)))
    middle = scores[len(scores) // 4 : -len(scores) // 4]
    gap = int(np.argmax(np.diff(middle)))
    threshold = float(middle[gap : gap + 2].mean())
    write_calibration(
        run,
        Calibration(temperature=temperature, bias=calibration.bias, threshold=threshold),
    )
    return run
