"""The study's networks as users of PyTorch have them: torchvision's, with one logit on top."""

import sys
import types

import torch
from torch import nn

if torch.version.cuda is None:
    # Compiled operators of torchvision's ordinary build want CUDA; no network needs them.
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("none"))
from torchvision import models

_DENSENETS = ("densenet121", "densenet161", "densenet169")
_VGGS = ("vgg16", "vgg19")
_EFFICIENTNET = "efficientnetb"
_WIDTHS = (16, 32, 64)  # Of cellnet's stages.


def torch_network(arch: str) -> nn.Module:
    """A network from pixels in [0, 255], `(b, 3, side, side)`, to one logit, `(b, 1)`.

    Of the same layers as this project's, preprocessing included, with random weights. Where
    torchvision's differs it is changed: the head of VGG is pooled, and a stage of ResNet strides in
    its first convolution. Keras' ResNet has biases beside its batch norm, which this lacks.
    """
    if arch in ("base_cnn", "cellnet"):
        return nn.Sequential(*_OWN[arch](), *_head(32 if arch == "base_cnn" else _WIDTHS[-1]))
    if arch in _VGGS:
        features = getattr(models, arch)(weights=None, init_weights=False).features
        return nn.Sequential(_Standardize(), features, *_head(512))
    if arch in _DENSENETS:
        network = getattr(models, arch)(weights=None)
        network.classifier = nn.Linear(network.classifier.in_features, 1)
    elif arch == "googlenet":
        network = models.googlenet(weights=None, aux_logits=False, init_weights=False)
        network.dropout, network.fc = nn.Identity(), nn.Linear(1024, 1)
    elif arch == "resnet152":
        network = _strided_first(models.resnet152(weights=None))
        network.fc = nn.Linear(2048, 1)
    else:
        name = arch.replace(_EFFICIENTNET, "efficientnet_b")
        network = getattr(models, name)(weights=None)
        network.classifier = nn.Linear(network.classifier[-1].in_features, 1)
    return nn.Sequential(_Standardize(), network)


class _Standardize(nn.Module):
    """Pixels to zero mean and unit deviation of ImageNet."""

    def __init__(self):
        super().__init__()
        for name, values in (("mean", (0.485, 0.456, 0.406)), ("std", (0.229, 0.224, 0.225))):
            self.register_buffer(name, 255 * torch.tensor(values).reshape(1, 3, 1, 1))

    def forward(self, pixels):
        return (pixels - self.mean) / self.std


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1)]


def _strided_first(network: models.ResNet) -> models.ResNet:
    for module in network.modules():
        if isinstance(module, models.resnet.Bottleneck):
            module.conv1.stride, module.conv2.stride = module.conv2.stride, (1, 1)
    return network


def _base_cnn() -> list[nn.Module]:
    return [
        _Standardize(),
        nn.Conv2d(3, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
    ]


def _cellnet() -> list[nn.Module]:
    stem = nn.Conv2d(4, _WIDTHS[0], 5, stride=2, padding=2, bias=False)
    blocks, width_before = [], _WIDTHS[0]
    for stage, width in enumerate(_WIDTHS):
        blocks.append(_Block(width_before, width, stride=2 if stage else 1))
        width_before = width
    return [
        _StandardizedCell(),
        stem,
        *_activated(_WIDTHS[0]),
        nn.MaxPool2d(2),
        *blocks,
        *_activated(_WIDTHS[-1]),
    ]


def _activated(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.SiLU(inplace=True)]


class _StandardizedCell(nn.Module):
    """As `builders.cellnet.StandardizedCell`."""

    def forward(self, pixels):
        mask = (pixels.amax(1, keepdim=True) > 10).to(pixels.dtype)
        area = mask.sum((2, 3), keepdim=True) + 1
        centred = mask * (pixels - (mask * pixels).sum((2, 3), keepdim=True) / area)
        variance = centred.square().sum((2, 3), keepdim=True) / area
        return torch.cat([centred / (variance.sqrt() + 1), mask], 1)


class _Block(nn.Module):
    """As the block of `builders.cellnet`."""

    def __init__(self, before: int, width: int, *, stride: int):
        super().__init__()
        self.first = nn.Sequential(*_activated(before)[:1], nn.SiLU())
        self.residual = nn.Sequential(
            nn.Conv2d(before, width, 3, stride, 1, bias=False),
            *_activated(width),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
        )
        self.project = None
        if stride > 1:
            self.project = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True), nn.Conv2d(before, width, 1, bias=False)
            )

    def forward(self, maps):
        activated = self.first(maps)
        shortcut = maps if self.project is None else self.project(activated)
        return shortcut + self.residual(activated)


_OWN = {"base_cnn": _base_cnn, "cellnet": _cellnet}
