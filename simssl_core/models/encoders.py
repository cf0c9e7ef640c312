"""Encoders f: images (B, C, H, W), float in [0, 1], to (B, outputs).

A discriminative objective asks for ``outputs`` = D; a generative one for 2D, read as mean and log-variance, so that
the representation is equally wide for both. Every encoder is a ``body`` (what the layer profile calls the backbone)
and one linear ``last`` layer.
"""

from __future__ import annotations

from torch import Tensor, nn

from simssl_core.config import ModelConfig
from simssl_core.errors import ShapeError
from simssl_core.models.layers import DENSE, Block, ChannelsLast, conv_channels, conv_sizes


class Encoder(nn.Module):
    """A ``body`` to F features and a linear layer to ``outputs``."""

    def __init__(self, body: nn.Module, features: int, shape: tuple[int, int, int], outputs: int) -> None:
        super().__init__()
        self.body = body
        self.last = nn.Linear(features, outputs)
        self.shape = tuple(shape)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → (B, F): the backbone before the last linear layer.

        Raises:
            ShapeError: the images are not of the shape this encoder was built for.
        """
        if images.ndim != 4 or tuple(images.shape[1:]) != self.shape:
            wanted = " × ".join(str(n) for n in self.shape)
            raise ShapeError(
                f"this encoder reads images (B, {wanted}), not {tuple(images.shape)}; resize or convert them first"
            )
        return self.body(images)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → (B, outputs)."""
        return self.last(self.features(images))


def build(config: ModelConfig, shape: tuple[int, int, int], outputs: int) -> Encoder:
    """The encoder that ``config`` names, for images (C, H, W) = ``shape``, with ``outputs`` numbers for each image."""
    body, features = {"mlp": _mlp, "convnet": _convnet, "resnet18": _resnet18}[config.encoder](config, shape)
    return Encoder(body, features, shape, outputs)


def _mlp(config: ModelConfig, shape: tuple[int, int, int]) -> tuple[nn.Module, int]:
    """Flatten and the hidden layers with ReLU, without normalisation, as in the authors' code (784-500-500-2000-D)."""
    layers: list[nn.Module] = [nn.Flatten()]
    width = shape[0] * shape[1] * shape[2]
    for hidden in config.hidden:
        layers += [nn.Linear(width, hidden), nn.ReLU(inplace=True)]
        width = hidden
    return nn.Sequential(*layers), width


def _convnet(config: ModelConfig, shape: tuple[int, int, int]) -> tuple[nn.Module, int]:
    """Three or more 3×3 convolutions (c, 2c, 4c channels) and a dense layer, batch-norm and ReLU after each."""
    sizes = conv_sizes(shape)
    channels = [shape[0], *conv_channels(config.channels, len(sizes) - 1)]
    layers: list[nn.Module] = [ChannelsLast()]
    for stage in range(len(sizes) - 1):
        stride = 1 if sizes[stage] == sizes[stage + 1] else 2
        inputs, outputs = channels[stage], channels[stage + 1]
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    height, width = sizes[-1]
    layers += [nn.Flatten(), nn.Linear(channels[-1] * height * width, DENSE, bias=False)]
    return nn.Sequential(*layers, nn.BatchNorm1d(DENSE), nn.ReLU(inplace=True)), DENSE


def _resnet18(config: ModelConfig, shape: tuple[int, int, int]) -> tuple[nn.Module, int]:
    """ResNet-18 for small images: a 3×3 stem of stride 1 and no max-pool (as SimCLR's appendix B.9 for CIFAR-10)."""
    c = config.channels
    layers: list[nn.Module] = [
        ChannelsLast(),
        nn.Conv2d(shape[0], c, 3, 1, 1, bias=False),
        nn.BatchNorm2d(c),
        nn.ReLU(inplace=True),
    ]
    inputs = c
    for stage, outputs in enumerate((c, 2 * c, 4 * c, 8 * c)):
        layers += [Block(inputs, outputs, 1 if stage == 0 else 2), Block(outputs, outputs)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), inputs
