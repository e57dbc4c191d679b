"""Eight ways of laying a square image, and scores that are the mean over them."""

import json

import numpy as np
import pytest

from all_tf.config import choices
from all_tf.data.cells import load_cells
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.predict import batches_to_score
from all_tf.evaluation.run_weights import BEST_FILE, load_run, save_weights
from all_tf.evaluation.tta import VIEWS
from all_tf.runs.folder import EvaluationSet, RunError, write_json
from tests.conftest import read_rows
from tests.untrained import write_run
from tfrecords.store.manifest import digest_file


def turned(image: np.ndarray) -> list[np.ndarray]:
    """An image turned by quarters, and its mirror image likewise."""
    return [np.rot90(side, quarter) for side in (image, image[:, ::-1]) for quarter in range(4)]


def test_views_are_the_eight_flips_and_turns_each_once():
    images = np.random.default_rng(0).random((2, 5, 5, 3)).astype(np.float32)
    seen = [np.asarray(see(images)) for see in VIEWS[8]]
    for index, image in enumerate(images):
        expected = {view.tobytes() for view in turned(image)}
        assert len(expected) == 8 and {view[index].tobytes() for view in seen} == expected
    np.testing.assert_array_equal(VIEWS[1][0](images), images)
    assert tuple(VIEWS) == choices.TTA


def test_score_is_that_of_the_mean_logit_over_the_views(records, tmp_path):
    run = write_run(tmp_path / "run", records)
    _, plain = evaluate_run(run, EvaluationSet("validation"))
    _, report = evaluate_run(run, EvaluationSet("validation"), tta=8)
    folder = run / "evaluation/validation-tta-8"
    assert report == json.loads((folder / "metrics.json").read_text())
    assert (plain["tta"], report["tta"]) == (1, 8) and plain["log_loss"] != report["log_loss"]
    experiment, _, _, model = load_run(run)
    cells = load_cells(records, "validation")
    batches = batches_to_score(cells, experiment, title="cells")
    images = np.concatenate([images for images, _, _ in batches])[: len(cells)]
    logit_of_name = {
        row["name"]: float(row["logit"]) for row in read_rows(folder / "predictions.csv")
    }
    for name, image in zip(cells.names, images, strict=True):
        logits = model(np.stack(turned(image)))
        assert logit_of_name[name] == pytest.approx(np.mean(logits), abs=1e-5)


def test_finite_weights_that_overflow_give_no_prediction_and_no_submission(records, tmp_path):
    run = write_run(tmp_path / "run", records)
    model = load_run(run).model
    model.set_weights([np.full_like(each, 3e37) for each in model.get_weights()])
    save_weights(model, run / BEST_FILE)
    changed = {"best_epoch": 2, "weights_sha256": digest_file(run / BEST_FILE)}
    write_json(run / "metrics.json", changed)
    for split in ("validation", "test"):
        num_cells = len(load_cells(records, split))
        with pytest.raises(RunError, match=rf"no finite logit for {num_cells} of {num_cells} im"):
            evaluate_run(run, EvaluationSet(split))
    assert not (run / "evaluation").exists()
