"""A process knows its place among others by options, or by what Keras, Slurm and Kubernetes set."""

import pytest

from all_tf.launch.cluster import ProcessInfo, find_process
from all_tf.system.checks import ConfigError

SLURM = {"SLURM_PROCID": "3", "SLURM_STEP_NODELIST": "gpu[007-009,12],a1", "SLURM_JOB_ID": "4099"}


def test_nobody_speaks_of_several_processes():
    assert find_process({}) is None
    assert find_process({**SLURM, "SLURM_NTASKS": "4"}) is None  # Perhaps four trainings.


def test_options_say_it_all():
    found = find_process(SLURM, num_processes=2, process_id=1, coordinator="10.0.0.1:1234")
    assert found == ProcessInfo(1, 2, "10.0.0.1:1234")


def test_one_process_needs_no_address():
    assert find_process({}, num_processes=1) == ProcessInfo(0, 1, "")


def test_variables_of_keras_say_it_all():
    variables = {"NUM_PROCESSES": "2", "PROCESS_ID": "1", "JOB_ADDRESSES": "a:1,b:2"}
    assert find_process(
        {f"KERAS_DISTRIBUTION_{k}": v for k, v in variables.items()}
    ) == ProcessInfo(1, 2, "a:1")


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("gpu[007-009,12],a1", "gpu007"), ("gpu7,a1", "gpu7"), ("n[3,5]", "n3"), ("one", "one")],
)
def test_slurm_says_which_and_where(nodes, first):
    environ = {**SLURM, "SLURM_STEP_NODELIST": nodes}
    assert find_process(environ, num_processes=4) == ProcessInfo(3, 4, f"{first}:{61440 + 3}")


def test_kubernetes_says_which():
    found = find_process(
        {"JOB_COMPLETION_INDEX": "1"}, num_processes=2, coordinator="train-0.t:5000"
    )
    assert found == ProcessInfo(1, 2, "train-0.t:5000")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"process_id": 1}, "Pass --num-processes"),
        ({"num_processes": 0}, "num_processes of at least 1"),
        ({"num_processes": 2}, "Expected --process-id, a number from 0 to 1"),
        ({"num_processes": 2, "process_id": 2}, "Expected --process-id, a number from 0 to 1"),
        ({"num_processes": 2, "process_id": 0}, "Expected --coordinator HOST:PORT"),
        ({"num_processes": 2, "process_id": 0, "coordinator": "here"}, "coordinator='here'"),
    ],
)
def test_what_is_missing_or_impossible_is_named(given, message):
    with pytest.raises(ConfigError, match=message):
        find_process({}, **given)


def test_number_that_is_none_is_named():
    with pytest.raises(ConfigError, match="num_processes as a number.*'two'"):
        find_process({"KERAS_DISTRIBUTION_NUM_PROCESSES": "two"})
