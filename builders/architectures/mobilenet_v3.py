"""MobileNetV3 (Howard et al., 2019, arXiv:1905.02244).

Keras' documentation of its applications names the licence of the weights.
"""

from builders.architecture import keras_application

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v3/{}"

ARCHITECTURES = {
    "mobilenetv3large": keras_application(
        "MobileNetV3Large",
        preprocessing="inside",
        parameters=2_996_352,
        pretrained_at=224,
        licence="Apache 2.0",
        url=_URL.format("weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"),
    ),
}
