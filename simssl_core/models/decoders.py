"""Decoders: latents (B, inputs) to images (B, C, H, W), each the mirror of an encoder.

What comes out is the parameter of p(x|z): logits for a Bernoulli likelihood, means for a Gaussian one.
"""

from __future__ import annotations

from torch import nn

from simssl_core.config import ModelConfig
from simssl_core.models.layers import DENSE, Block, GrowingBlock, ToMap, conv_channels, conv_sizes, halve


def build(config: ModelConfig, shape: tuple[int, int, int], inputs: int) -> nn.Sequential:
    """The mirror of the encoder that ``config`` names: (B, ``inputs``) → (B, C, H, W) with (C, H, W) = ``shape``."""
    return {"mlp": _mlp, "convnet": _convnet, "resnet18": _resnet18}[config.encoder](config, shape, inputs)


def _mlp(config: ModelConfig, shape: tuple[int, int, int], inputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for hidden in reversed(config.hidden):
        layers += [nn.Linear(inputs, hidden), nn.ReLU(inplace=True)]
        inputs = hidden
    return nn.Sequential(*layers, nn.Linear(inputs, shape[0] * shape[1] * shape[2]), nn.Unflatten(1, tuple(shape)))


def _convnet(config: ModelConfig, shape: tuple[int, int, int], inputs: int) -> nn.Sequential:
    """A dense layer, then transposed convolutions back through the encoder's sizes.

    Their output padding undoes what odd sizes rounded up.
    """
    sizes = conv_sizes(shape)[::-1]
    channels = [*conv_channels(config.channels, len(sizes) - 1)[::-1], shape[0]]
    height, width = sizes[0]
    layers = [
        nn.Linear(inputs, DENSE, bias=False),
        nn.BatchNorm1d(DENSE),
        nn.ReLU(inplace=True),
        nn.Linear(DENSE, channels[0] * height * width),
        ToMap(sizes[0]),
        nn.BatchNorm2d(channels[0]),
        nn.ReLU(inplace=True),
    ]
    for stage in range(len(sizes) - 1):
        small, large = sizes[stage], sizes[stage + 1]
        last = stage == len(sizes) - 2
        layers.append(_widen(channels[stage], channels[stage + 1], small, large, bias=last))
        if not last:
            layers += [nn.BatchNorm2d(channels[stage + 1]), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _widen(inputs: int, outputs: int, small: tuple[int, int], large: tuple[int, int], bias: bool) -> nn.Module:
    """A 3×3 convolution where the size is kept; else a transposed one, 4×4 at the end (no chequerboard)."""
    if small == large:
        return nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias)
    if bias and large == (2 * small[0], 2 * small[1]):
        return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=True)
    padding = (large[0] - 2 * small[0] + 1, large[1] - 2 * small[1] + 1)
    return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=padding, bias=bias)


def _resnet18(config: ModelConfig, shape: tuple[int, int, int], inputs: int) -> nn.Sequential:
    """ResNet-18 backwards: pixels repeated where the encoder had a stride, then two basic blocks in each stage.

    The encoder's average pool is undone by a linear layer to the whole smallest map: repeating one pixel would leave
    the first blocks nothing but the zero padding to tell left from right.
    """
    c = config.channels
    sizes = [(halve(shape[1], times), halve(shape[2], times)) for times in (3, 2, 1, 0)]
    layers = [nn.Linear(inputs, 8 * c * sizes[0][0] * sizes[0][1]), ToMap(sizes[0])]
    width = 8 * c
    for stage, outputs in enumerate((8 * c, 4 * c, 2 * c, c)):
        layers += [GrowingBlock(width, outputs, sizes[stage]), Block(outputs, outputs)]
        width = outputs
    return nn.Sequential(*layers, nn.Conv2d(c, shape[0], 3, 1, 1))
