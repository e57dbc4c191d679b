"""No damaged file is read as another one, brings an exception of another kind, or a loop.

make fuzz                                     20,000 cases of each kind of file
pytest tests/fuzz -k png --fuzz-case 0:123    one case again, by its seed and number
"""

from collections import Counter

import pytest

from tests.fuzz import (
    image_targets,
    record_targets,
    run_targets,
    table_targets,
    training_targets,
)
from tests.fuzz.runner import find_faults

ROOMS = (record_targets, image_targets, run_targets, table_targets, training_targets)
TARGETS = {name: make for room in ROOMS for name, make in room.TARGETS.items()}
_SEED = 0
_MOST_SHOWN = 20


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("default")  # Of Pillow, on damaged files.
def test_damaged_file_is_refused_or_read_right(name, records, tmp_path, request):
    target = TARGETS[name](tmp_path, records)
    seed, cases = _SEED, range(request.config.getoption("mutations") or target.cases)
    if case := request.config.getoption("fuzz_case"):
        seed, number = map(int, case.split(":"))
        cases = range(number, number + 1)
    found = find_faults(name, target, seed=seed, cases=cases)
    times = Counter(each.kind for each in found)
    first = {each.kind: each for each in reversed(found)}
    lines = [
        f"{times[kind]} x {each.what}\n    -k {name} --fuzz-case {each.case}"
        for kind, each in first.items()
    ]
    assert not found, "\n".join([f"{len(found)} of {len(cases)}:", *lines[:_MOST_SHOWN]])
