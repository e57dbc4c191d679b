"""GoogLeNet (Szegedy et al., 2015, arXiv:1409.4842), which keras.applications lacks.

torchvision names a licence for its repository, pytorch/vision, and none for the weights.
"""

from builders.architecture import Architecture, imported_when_called

ARCHITECTURES = {
    "googlenet": Architecture(
        imported_when_called("builders.googlenet:googlenet"),
        parameters=5_614_464,
        pretrained_at=224,
        source="torchvision",
        licence="BSD 3-clause, as the code",
        url="https://download.pytorch.org/models/googlenet-1378be20.pth",
    ),
}
