"""What is known of each architecture before it is built; imports no Keras, so it answers at once.

The licences of VGG, ResNet and DenseNet are those that Keras' documentation of its applications
names for the weights. EfficientNet's and torchvision's publishers state one for the repository
that the weights come from (tensorflow/tpu, pytorch/vision) and none for the weights.
"""

from typing import NamedTuple

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_KERAS_EFFICIENTNET = "https://storage.googleapis.com/keras-applications/"
_TORCH = "https://download.pytorch.org/models/"
_NO_TOP = "_weights_tf_dim_ordering_tf_kernels_notop.h5"
_APACHE = "Apache 2.0, as the code"
_BSD = "BSD 3-clause, as the code"


class Entry(NamedTuple):
    """One row: the backbone, and where its ImageNet weights are published, if anywhere."""

    parameters: int  # Of the backbone, moving statistics included; the head adds a few.
    image_size: int | None = None  # That it was pretrained at, pixels.
    source: str = "none"
    licence: str = ""  # Of the weights.
    url: str = ""  # Of the file.


CATALOGUE: dict[str, Entry] = {
    "base_cnn": Entry(992),
    "cellnet": Entry(78_912),
    "densenet121": Entry(
        7_037_504, 224, "Keras", "BSD 3-clause", f"{_KERAS}densenet/densenet121{_NO_TOP}"
    ),
    "densenet161": Entry(26_691_936, 224, "torchvision", _BSD, f"{_TORCH}densenet161-8d451a50.pth"),
    "densenet169": Entry(
        12_642_880, 224, "Keras", "BSD 3-clause", f"{_KERAS}densenet/densenet169{_NO_TOP}"
    ),
    "efficientnetb0": Entry(
        4_049_571, 224, "Keras", _APACHE, f"{_KERAS_EFFICIENTNET}efficientnetb0_notop.h5"
    ),
    "efficientnetb3": Entry(
        10_783_535, 300, "Keras", _APACHE, f"{_KERAS_EFFICIENTNET}efficientnetb3_notop.h5"
    ),
    "efficientnetb4": Entry(
        17_673_823, 380, "Keras", _APACHE, f"{_KERAS_EFFICIENTNET}efficientnetb4_notop.h5"
    ),
    "efficientnetb5": Entry(
        28_513_527, 456, "Keras", _APACHE, f"{_KERAS_EFFICIENTNET}efficientnetb5_notop.h5"
    ),
    "efficientnetb7": Entry(
        64_097_687, 600, "Keras", _APACHE, f"{_KERAS_EFFICIENTNET}efficientnetb7_notop.h5"
    ),
    "googlenet": Entry(5_614_464, 224, "torchvision", _BSD, f"{_TORCH}googlenet-1378be20.pth"),
    "resnet152": Entry(58_370_944, 224, "Keras", "MIT", f"{_KERAS}resnet/resnet152{_NO_TOP}"),
    "vgg16": Entry(14_714_688, 224, "Keras", "CC BY 4.0", f"{_KERAS}vgg16/vgg16{_NO_TOP}"),
    "vgg19": Entry(20_024_384, 224, "Keras", "CC BY 4.0", f"{_KERAS}vgg19/vgg19{_NO_TOP}"),
}

_TITLES = ("name", "parameters", "pretrained at", "ImageNet weights", "licence of the weights")
_NOTE = """\
Weights of Keras are downloaded by --weights imagenet; those of torchvision are converted by
scripts/import_weights.py, then given as --weights FILE. "As the code": the publisher names no
licence for the weights themselves. All were trained on ImageNet, whose own terms allow research
and education but no commerce; whether those bind the weights is for you to decide."""


def describe_architectures() -> str:
    """The catalogue as a table to print, a note below it; one line an architecture."""
    rows = [_TITLES, *(_cells(name, entry) for name, entry in CATALOGUE.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        f"{name:<{widths[0]}}  {parameters:>{widths[1]}}  {size:>{widths[2]}}  "
        f"{source:<{widths[3]}}  {licence}".rstrip()
        for name, parameters, size, source, licence in rows
    )
    return "\n".join([*lines, "", _NOTE])


def _cells(name: str, entry: Entry) -> tuple[str, ...]:
    size = f"{entry.image_size} px" if entry.image_size else ""
    return name, f"{entry.parameters:,}", size, entry.source, entry.licence
