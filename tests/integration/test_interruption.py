"""A real training, killed at any moment or told to end, ends with what it would have ended with."""

import json
import os
import random
import signal

import pytest

from all_tf.runs.folder import read_status
from tests.interruptions import cut_off, essence, finish

KILLS = int(os.environ.get("ALL_TF_RUN_KILLS", "1"))  # Thirty were run by hand.
KILLS_A_RUN = 3
EPOCHS = 5


@pytest.fixture(scope="module")
def reference(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("reference") / "run"
    finish(run, records=records, epochs=EPOCHS)
    return essence(run), sum(seconds(run))


def seconds(run) -> list[float]:
    rows = (run / "history.csv").read_text().splitlines()
    return [float(row.split(",")[-1]) for row in rows[1:]]


@pytest.mark.slow
def test_killed_run_ends_as_if_nothing_had_happened(reference, records, tmp_path):
    expected, duration = reference
    rng, kills = random.Random(KILLS), 0
    while kills < KILLS:
        run = tmp_path / f"run{kills}"
        for _ in range(min(KILLS_A_RUN, KILLS - kills)):
            moment = rng.uniform(0, duration)
            cut_off(run, signal.SIGKILL, after=moment, records=records, epochs=EPOCHS)
            if read_status(run)["state"] == "finished":  # The kill came too late.
                break
            kills += 1
        else:
            finish(run, records=records, epochs=EPOCHS)
        assert essence(run) == expected
        print(f"{kills} kills")


@pytest.mark.slow
def test_run_that_is_told_to_end_says_how_to_go_on_and_ends_the_same(reference, records, tmp_path):
    run = tmp_path / "a run"
    for number in (signal.SIGTERM, signal.SIGINT):
        code, errors = cut_off(run, number, after=0.5, records=records, epochs=EPOCHS)
        assert code == 128 + number, errors
        status = json.loads((run / "status.json").read_text())
        assert status["state"] == "interrupted"
        command = f"python scripts/train.py --resume '{run}'"
        assert command in status["message"] and command in errors and "Traceback" not in errors
        folders = sorted(path.name for path in (run / "state").glob("epoch-*"))
        assert status["epochs_done"] == (int(folders[-1][-4:]) if folders else 0)
    finish(run, records=records, epochs=EPOCHS)
    assert essence(run) == reference[0]
