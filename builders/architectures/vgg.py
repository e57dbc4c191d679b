"""VGG (Simonyan and Zisserman, 2015, arXiv:1409.1556), without its three dense layers.

Keras' documentation of its applications names the licence of the weights.
"""

from builders.architecture import keras_application

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/{}"

ARCHITECTURES = {
    "vgg16": keras_application(
        "VGG16",
        preprocessing="caffe",
        parameters=14_714_688,
        pretrained_at=224,
        licence="CC BY 4.0",
        url=_URL.format("vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ),
    "vgg19": keras_application(
        "VGG19",
        preprocessing="caffe",
        parameters=20_024_384,
        pretrained_at=224,
        licence="CC BY 4.0",
        url=_URL.format("vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ),
}
