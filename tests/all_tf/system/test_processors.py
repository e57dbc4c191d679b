"""Processors are those that this process may use."""

import os

from all_tf.system.processors import num_processors


def test_processors_of_a_bound_process_and_without_the_call_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert num_processors() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert num_processors() == (os.cpu_count() or 1)
