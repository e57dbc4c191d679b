"""What VGG and ResNet do to pixels before their first convolution, as Caffe did."""

from keras import KerasTensor, layers, ops

_IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)  # In [0, 255].


def center_bgr(pixels: KerasTensor) -> KerasTensor:
    """Colours in the order blue, green, red, with the mean of ImageNet taken away.

    Equal to `preprocess_input` of `keras.applications.vgg16`, `vgg19` and `resnet`.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255], red first.

    Returns:
        `(batch, side, side, 3)` in about [-124, 152].
    """
    offset = [-mean for mean in _IMAGENET_MEAN_BGR]
    # In float32 whatever the policy, here and elsewhere: bfloat16 loses a grey level.
    return layers.Rescaling(1.0, offset, name="centered", dtype="float32")(
        ops.flip(pixels, axis=-1)
    )
