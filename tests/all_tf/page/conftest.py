"""A server of an untrained run, for all tests of the page."""

from pathlib import Path

import pytest

from tests.served_pages import served
from tests.untrained import write_knowing_run


@pytest.fixture(scope="package")
def run(records, tmp_path_factory) -> Path:
    """A run that knows its training cells."""
    return write_knowing_run(tmp_path_factory.mktemp("page") / "run", records)


@pytest.fixture(scope="package")
def server(run):
    """A server of it."""
    with served([run]) as server:
        yield server


@pytest.fixture(scope="package")
def files(synthetic) -> list[Path]:
    """Eleven drawn cells."""
    return sorted(synthetic.rglob("*prelim_phase_data/*.bmp"))[:11]
