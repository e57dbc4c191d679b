"""Preprocessing that published weights expect, as layers: of keras.applications, and of others.

Each layer computes in float32 whatever the precision of the network: bfloat16 loses a grey level.
"""

from keras import KerasTensor, layers, ops

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # Of RGB in [0, 1], as torchvision and Keras have them.
IMAGENET_STD = (0.229, 0.224, 0.225)
_IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)  # In [0, 255].


def center_bgr(pixels: KerasTensor) -> KerasTensor:
    """Colours in the order blue, green, red, minus the mean of ImageNet, as in Caffe.

    Equal to `preprocess_input` of `keras.applications.vgg16`, `vgg19` and `resnet`.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255], red first.

    Returns:
        `(batch, side, side, 3)` in about [-124, 152].
    """
    offset = [-mean for mean in _IMAGENET_MEAN_BGR]
    return layers.Rescaling(1.0, offset, name="centered", dtype="float32")(
        ops.flip(pixels, axis=-1)
    )


def standardize(pixels: KerasTensor) -> KerasTensor:
    """Mean 0 and variance 1 over ImageNet, as in PyTorch.

    Equal to `preprocess_input` of `keras.applications.densenet`.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255].

    Returns:
        `(batch, side, side, 3)` in about [-2.1, 2.7].
    """
    scale = [1 / (255 * std) for std in IMAGENET_STD]
    offset = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    return layers.Rescaling(scale, offset, name="standardized", dtype="float32")(pixels)


def scale_to_unit(pixels: KerasTensor) -> KerasTensor:
    """Pixels in [-1, 1], as in TensorFlow.

    Equal to `preprocess_input` of `keras.applications.inception_v3`.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255].
    """
    return layers.Rescaling(1 / 127.5, -1, name="scaled", dtype="float32")(pixels)


def scale_as_lite(pixels: KerasTensor) -> KerasTensor:
    """Pixels in about [-1, 1], as EfficientNet-Lite was trained: minus 127, divided by 128.

    `MEAN_RGB` and `STDDEV_RGB` of `efficientnet_lite_builder.py` in tensorflow/tpu.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255].
    """
    return layers.Rescaling(1 / 128, -127 / 128, name="scaled", dtype="float32")(pixels)
