"""ResNet, the first version (He et al., 2016, arXiv:1512.03385).

Keras' documentation of its applications names the licence of the weights.
"""

from builders.architecture import keras_application

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/resnet/{}"

ARCHITECTURES = {
    "resnet50": keras_application(
        "ResNet50",
        preprocessing="caffe",
        parameters=23_587_712,
        pretrained_at=224,
        licence="MIT",
        url=_URL.format("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ),
    "resnet152": keras_application(
        "ResNet152",
        preprocessing="caffe",
        parameters=58_370_944,
        pretrained_at=224,
        licence="MIT",
        url=_URL.format("resnet152_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ),
}
