"""EfficientNetV2 (Tan and Le, 2021, arXiv:2104.00298).

Its publishers name a licence for their repository, google/automl, and none for the weights.
"""

from builders.architecture import keras_application

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/efficientnet_v2/{}"

ARCHITECTURES = {
    "efficientnetv2b0": keras_application(
        "EfficientNetV2B0",
        preprocessing="inside",
        parameters=5_919_312,
        pretrained_at=224,
        licence="Apache 2.0, as the code",
        url=_URL.format("efficientnetv2-b0_notop.h5"),
    ),
    "efficientnetv2s": keras_application(
        "EfficientNetV2S",
        preprocessing="inside",
        parameters=20_331_360,
        pretrained_at=384,
        licence="Apache 2.0, as the code",
        url=_URL.format("efficientnetv2-s_notop.h5"),
    ),
}
