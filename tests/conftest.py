"""What several tests need: TensorFlow without its chatter, drawn images, a packed synthetic set."""

import csv
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from all_tf.config import choices
from all_tf.system.tensorflow_import import load_tensorflow
from builders.architecture_info import FAMILIES
from tfrecords.sources.cnmc import find_images
from tfrecords.synthetic.write import encode_bmp, write_synthetic

load_tensorflow()  # Before a test module imports it, loudly.

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "cnmc_real"  # Beside a checkout of the developers, not a user's.

# Processes that tests start import this checkout, wherever their script lies; `tests.stubs`, too.
os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(
    os.pathsep
)

pytest_plugins = ("tests.study_bench",)  # Fixtures of two packages' tests.

# The first architecture of each file, so that `make test` stays short; `make test-all` tests all.
ONE_A_FAMILY = [next(iter(rows)) for rows in FAMILIES.values()]
QUICK = ("base_cnn", "cellnet", "efficientnetb0", "googlenet", "vgg16")  # To build; others: slow.


def pytest_addoption(parser):
    """`--all-architectures` of `make test-all`; those of tests/fuzz; the order of the tests."""
    add = parser.addoption
    text = "test every architecture, not one a family"
    add("--all-architectures", action="store_true", help=text)
    text = "damaged files of each kind in tests/fuzz; default: 200, 50 of weights"
    add("--mutations", type=int, metavar="N", help=text)
    add("--fuzz-case", metavar="SEED:NUMBER", help="one damaged file, as a failure names it")
    add("--shuffle", type=int, metavar="SEED", help="files, and the tests in each, in random order")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Shuffle files, and the tests in each; a module's fixtures are still made once."""
    if (seed := config.getoption("shuffle")) is not None:
        rng = random.Random(seed)
        paths = list(dict.fromkeys(item.path for item in items))
        rng.shuffle(paths)
        rng.shuffle(items)
        items.sort(key=lambda item: paths.index(item.path))  # Stable.


def pytest_generate_tests(metafunc):
    """Run a test that takes `architecture` on one a family, or on all."""
    if "architecture" in metafunc.fixturenames:
        every = metafunc.config.getoption("all_architectures")
        chosen = choices.ARCHITECTURE_NAMES if every else ONE_A_FAMILY
        slow = pytest.mark.slow
        cases = [pytest.param(x, marks=() if x in QUICK else slow) for x in chosen]
        metafunc.parametrize("architecture", cases, scope="module")


@pytest.fixture(scope="session", autouse=True)
def few_cells_measured():
    """A training measures 12 of its cells, not 300: with their copies they take two seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("all_tf.evaluation.known_cells._MOST_MEASURED", 12)
        yield


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory) -> Path:
    """The smallest synthetic C-NMC, with all three phases."""
    return write_synthetic(tmp_path_factory.mktemp("synthetic"), num_images=120, seed=3)


@pytest.fixture(scope="session")
def records(synthetic, tmp_path_factory) -> Path:
    """The synthetic set, packed in three folds."""
    return pack(synthetic, tmp_path_factory.mktemp("records"), folds=3)


def pack(source: Path, directory: Path, *, folds: int) -> Path:
    """Write the records of a set into an empty folder."""
    from tfrecords.packing.writer import Settings, write_records  # After load_tensorflow.

    write_records(find_images(source), directory, Settings(folds=folds, num_workers=1))
    return directory


@pytest.fixture(scope="session")
def real_source(tmp_path_factory) -> Path:
    """2,103 real images as published; the tests that need them are skipped where they are not."""
    if not REAL.is_dir():
        pytest.skip("no sample of real images beside this checkout")  # A user's has none.
    out = tmp_path_factory.mktemp("real")
    subprocess.run([sys.executable, REAL / "restore.py", out], check=True, capture_output=True)
    return out


@pytest.fixture
def draw_source(unpack):
    """Write tiny training folders: `draw_source({"fold_0/all/UID_1_1_1_all.bmp": 7, ...})`.

    The number is the seed of the image, so that equal numbers give duplicates. Images are 450 px
    of grey noise in a black frame.
    """

    def draw(seed_of_file: dict[str, int]) -> Path:
        return unpack({f"training_data/{name}": seed for name, seed in seed_of_file.items()})

    return draw


@pytest.fixture
def unpack(tmp_path):
    """Write a tree: `unpack({"phase3/1.bmp": 7, "phase2.csv": "text", "all/p1/a.png": b"..."})`.

    A number is the seed of a bitmap of `noise`.
    """

    def write(content_of_file: dict[str, int | str | bytes]) -> Path:
        for name, content in content_of_file.items():
            path = tmp_path / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, int):
                content = encode_bmp(noise(content))
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / "tree"

    return write


def noise(seed: int, side: int = 450) -> np.ndarray:
    """Noise in a black frame: uint8 `(side, side, 3)`."""
    image = np.zeros((side, side, 3), np.uint8)
    image[200:250, 200:250] = np.random.default_rng(seed).integers(1, 256, (50, 50, 3))
    return image


def without_coverage() -> dict[str, str]:
    """The environment for a process that can write no files, not even the one of its coverage."""
    measured = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    return measured | {"PYTHONDONTWRITEBYTECODE": "1"}


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
