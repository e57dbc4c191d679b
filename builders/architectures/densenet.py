"""DenseNet (Huang et al., 2017, arXiv:1608.06993); Keras has no DenseNet161, so that one is ours.

Keras' documentation of its applications names the licence of its weights. torchvision names one for
its repository, pytorch/vision, and none for the weights.
"""

from builders.architecture import Architecture, imported_when_called, keras_application

_URL = "https://storage.googleapis.com/tensorflow/keras-applications/densenet/{}"

ARCHITECTURES = {
    "densenet121": keras_application(
        "DenseNet121",
        preprocessing="torch",
        parameters=7_037_504,
        pretrained_at=224,
        licence="BSD 3-clause",
        url=_URL.format("densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ),
    "densenet161": Architecture(
        imported_when_called("builders.densenet161:densenet161"),
        parameters=26_691_936,
        pretrained_at=224,
        source="torchvision",
        licence="BSD 3-clause, as the code",
        url="https://download.pytorch.org/models/densenet161-8d451a50.pth",
    ),
    "densenet169": keras_application(
        "DenseNet169",
        preprocessing="torch",
        parameters=12_642_880,
        pretrained_at=224,
        licence="BSD 3-clause",
        url=_URL.format("densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ),
}
