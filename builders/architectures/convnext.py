"""ConvNeXt (Liu et al., 2022, arXiv:2201.03545).

Its publishers name a licence for their repository, facebookresearch/ConvNeXt, and none for the
weights.
"""

from builders.architecture import Architecture, imported_when_called

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/convnext/{}"

ARCHITECTURES = {
    "convnexttiny": Architecture(
        imported_when_called("builders.convnext:convnext_features", "ConvNeXtTiny"),
        parameters=27_820_128,
        pretrained_at=224,
        source="Keras",
        licence="MIT, as the code",
        url=_URL.format("convnext_tiny_notop.h5"),
        load_imagenet=imported_when_called(
            "builders.keras_applications:load_application", "ConvNeXtTiny"
        ),
        application="ConvNeXtTiny",
        preprocessing="inside",
    ),
}
