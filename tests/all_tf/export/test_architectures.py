"""Each architecture can be exported to each format, and answers there as in prediction."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from all_tf.config import choices
from all_tf.config.experiment import Experiment
from all_tf.export.export_folder import ExportTarget
from all_tf.export.export_run import export_runs
from all_tf.export.open_export import OPENERS
from all_tf.export.reference import ProofCells
from tests.exported_runs import write_spread_run

pytestmark = pytest.mark.slow


_IN_ONE_FORMAT = "onnx"  # `make test`: the one that is not TensorFlow's own.
_IN_EVERY_FORMAT = "cellnet"  # The others take half a minute a format.
# The others have each of their layers, but for ConvNeXt's, Concatenate and MobileNet's activation.
_ONLY_IN_ALL = (
    *("convnexttiny", "densenet121", "efficientnetv2b0", "googlenet", "mobilenetv3large"),
    *("resnet50", "vgg16"),
)


@pytest.fixture(scope="module")
def call(architecture):
    """Calls a function in a process that each network has of its own.

    TensorFlow keeps what it has exported, also after `clear_session`: 15 GB after 62 cases.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        yield lambda function, *args, **how: process.submit(function, *args, **how).result()


@pytest.fixture(scope="module")
def run(call, architecture, records, tmp_path_factory):
    experiment = Experiment(architecture, image_size=64, crop=300, batch_size=8, weights="none")
    folder = tmp_path_factory.mktemp("runs") / architecture
    return call(write_spread_run, folder, records, experiment)


@pytest.mark.parametrize("name", choices.EXPORT_FORMATS)
def test_architecture_answers_alike_in_every_format(name, architecture, call, request):
    every = architecture == _IN_EVERY_FORMAT or request.config.getoption("all_architectures")
    if not every and (name != _IN_ONE_FORMAT or architecture in _ONLY_IN_ALL):
        pytest.skip("make test-all exports it to this format")  # Some networks take a minute.
    run = request.getfixturevalue("run")  # Not written where it is skipped.
    target, cells = ExportTarget(name), ProofCells(12)
    _, found = call(export_runs, [run], target, out=run / "export", asked=cells)
    assert found["proof"]["largest_difference"] <= 1e-4
    assert found["proof"]["answers_that_differ"] == 0


def test_every_format_has_an_opener():
    assert tuple(OPENERS) == choices.EXPORT_FORMATS
