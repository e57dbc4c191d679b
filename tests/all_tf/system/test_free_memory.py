"""Free memory is what the machine and every limit around the process leave."""

from types import SimpleNamespace

import pytest

from all_tf.system import free_memory
from all_tf.system.free_memory import free_memory as find_free_memory

GIB = 2**30
V1, V2 = "memory", ""


@pytest.fixture
def system(monkeypatch, tmp_path):
    """A machine with 100 GiB free, whose control groups lie in a folder of ours."""
    memory = SimpleNamespace(available=100 * GIB)
    monkeypatch.setattr(free_memory.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(free_memory, "_MEMBERSHIP", tmp_path / "membership")
    versions = tuple(
        version._replace(root=tmp_path / (version.controllers or "unified"))
        for version in free_memory._VERSIONS
    )
    monkeypatch.setattr(free_memory, "_VERSIONS", versions)

    def limit(controllers: str, group: str, limit: object, *, taken: int = 0, files: int = 0):
        (version,) = (v for v in versions if v.controllers == controllers)
        folder = version.root / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / version.limit).write_text(f"{limit}\n")
        (folder / version.used).write_text(f"{taken}\n")
        names = (f"{version.prefix}active_file", f"{version.prefix}inactive_file")
        (folder / "memory.stat").write_text(
            f"anon 5\n{names[0]} {files // 2}\n{names[1]} {files // 2}\n"
        )

    limit.join = (tmp_path / "membership").write_text
    return limit


@pytest.mark.parametrize(
    ("controllers", "line"), [(V1, "4:memory:/job/step\n3:cpuset:/\n"), (V2, "0::/job/step\n")]
)
def test_narrowest_limit_around_the_process_counts(system, controllers, line):
    system.join(line)
    system(controllers, "job", 10 * GIB, taken=4 * GIB, files=1 * GIB)
    system(controllers, "job/step", 20 * GIB, taken=3 * GIB)
    system(controllers, "other", 1)
    assert find_free_memory() == 7 * GIB


def test_limit_that_is_used_up_leaves_nothing(system):
    system.join("0::/\n")
    system(V2, ".", 2 * GIB, taken=3 * GIB)
    assert find_free_memory() == 0


@pytest.mark.parametrize("limit", ["max", 2**63 - 4096])
def test_without_a_limit_it_is_what_the_machine_has(system, limit):
    system.join("0::/job\n4:memory:/job\n")
    system(V2 if limit == "max" else V1, "job", limit)
    assert find_free_memory() == 100 * GIB


def test_system_without_control_groups_has_what_it_has(system):
    assert find_free_memory() == 100 * GIB


def test_this_machine_has_some():
    assert 0 < find_free_memory() <= free_memory.psutil.virtual_memory().total
