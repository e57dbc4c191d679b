"""What a network costs, by architecture: time of an image, time of the graph, kept values.

Measured 2026-11 with float32 on two cores of an AMD EPYC and TensorFlow 2.21: processor time of
`train_on_batch` and `predict_on_batch` with batches of 4 to 32 images, medians of 3 to 6 rounds in
turn with products of two matrices, so that the load of the machine cancels out. "Derived": from a
measured network of the family, by the multiply-adds that its authors state. Measure a row again by

    python scripts/benchmark.py costs --arch densenet121 densenet169 --image-size 300 --batch-size 4

and take the ratio to a network that was measured beside it, as for densenet169. The values that
layers put out are counted, not measured.
"""

from typing import NamedTuple

MATRIX_SIDE = 1024  # Of the two matrices whose product is the unit of time.


class NetworkCost(NamedTuple):
    """The cost of a network at a size of its images."""

    image_size: int  # Pixels.
    step: float  # A step on an image (forward, backward, Adam), in products of two matrices.
    score: float  # Its prediction, in the same unit.
    build: float  # What the first step takes longer, in processor seconds; no size changes it.
    outputs: float  # Millions of values that all layers put out for an image.


COSTS: dict[str, NetworkCost] = {
    "base_cnn": NetworkCost(100, 0.10, 0.03, 0.3, 1.020),  # An epoch of train.py, as is the next:
    "cellnet": NetworkCost(128, 0.21, 0.06, 0.9, 0.580),  # its input takes longer than the network.
    "vgg16": NetworkCost(128, 12.2, 3.7, 0.8, 5.022),
    "vgg19": NetworkCost(128, 15.4, 4.7, 1.1, 5.448),  # Derived.
    "efficientnetb0": NetworkCost(300, 7.3, 1.8, 6.0, 45.886),
    "efficientnetb3": NetworkCost(200, 7.6, 1.6, 7.9, 39.742),  # Derived.
    "efficientnetb4": NetworkCost(300, 24.8, 5.4, 10.5, 113.945),
    "efficientnetb5": NetworkCost(300, 40.7, 8.9, 13.6, 156.027),  # Derived.
    "efficientnetb7": NetworkCost(300, 87.8, 19.2, 22.8, 266.166),  # Derived.
    "densenet121": NetworkCost(300, 18.4, 6.1, 8.1, 87.215),
    "densenet161": NetworkCost(100, 5.6, 1.9, 10.4, 17.585),  # Derived.
    "densenet169": NetworkCost(300, 21.5, 6.5, 10.3, 104.022),
    "googlenet": NetworkCost(200, 3.6, 1.1, 3.6, 11.530),
    "resnet152": NetworkCost(300, 63.4, 19.0, 11.0, 145.352),
}
