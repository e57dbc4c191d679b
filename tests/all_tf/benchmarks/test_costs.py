"""The costs of networks are measured in turn, and the table holds what is counted."""

import pytest

from all_tf.benchmarks.costs import benchmark_costs
from all_tf.config.experiment import Experiment
from all_tf.estimates.costs import COSTS
from all_tf.estimates.memory import tabulated_size
from all_tf.training.network_size import network_size
from builders.registry import build_model


def test_network_is_measured_in_products_of_matrices_with_its_memory():
    (found,) = benchmark_costs(["base_cnn"], side=32, batch_size=2).values()
    assert found.keys() > {"step", "score", "build", "outputs"}
    assert 0 < found["loaded_mib"] <= found["peak_mib"]


@pytest.mark.parametrize("arch", ["base_cnn", "vgg16"])
def test_table_has_the_size_of_the_network_that_is_built(arch):
    side = COSTS[arch].image_size
    size = network_size(build_model(arch, image_size=side, weights="none"))
    tabulated = tabulated_size(Experiment(arch, image_size=side, weights="none"))
    assert tabulated.outputs == pytest.approx(size.outputs, rel=1e-3)
    assert tabulated.parameters == pytest.approx(size.parameters, rel=0.05)
    assert tabulated.trainable == pytest.approx(size.trainable, rel=0.1)
