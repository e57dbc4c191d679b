"""The learning rate over a run: rise, plateau or cosine, end."""

import numpy as np
import pytest

from all_tf.config import choices
from builders.schedules import SCHEDULES, constant, cosine


def rates(schedule, steps) -> list[float]:
    return [float(schedule(np.int64(step))) for step in steps]


def test_schedules_are_the_command_lines():
    assert tuple(SCHEDULES) == choices.SCHEDULE_NAMES


def test_constant_without_a_warm_up_is_a_number():
    assert constant(0.1, steps=40, warmup_steps=0) == 0.1


@pytest.mark.parametrize("schedule", [constant, cosine])
def test_warm_up_rises_in_a_line_from_0_to_the_peak(schedule):
    found = rates(schedule(0.1, steps=40, warmup_steps=10), range(11))
    np.testing.assert_allclose(found, np.linspace(0, 0.1, 11), atol=1e-8)


def test_constant_stays_at_the_peak():
    assert rates(constant(0.1, steps=40, warmup_steps=10), [10, 25, 40]) == pytest.approx([0.1] * 3)


@pytest.mark.parametrize("warmup_steps", [0, 10])
def test_cosine_falls_to_0_at_the_last_step(warmup_steps):
    schedule = cosine(0.1, steps=40, warmup_steps=warmup_steps)
    steps = np.arange(warmup_steps, 41)
    done = (steps - warmup_steps) / (40 - warmup_steps)
    np.testing.assert_allclose(rates(schedule, steps), 0.05 * (1 + np.cos(np.pi * done)), atol=1e-7)
