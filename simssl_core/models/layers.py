"""The few layers that encoders and decoders share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DENSE = 256  # width of the ConvNet's dense layer


class ChannelsLast(nn.Module):
    """(B, C, H, W) to the same values in channels-last memory: a third faster through these ConvNets on a CPU.

    Only activations are converted. Weights stay contiguous, because safetensors and a restored fused Adam need them
    so.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=torch.channels_last)


class ToMap(nn.Module):
    """(B, C·h·w) to (B, C, h, w)."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], -1, *self.size).contiguous(memory_format=torch.channels_last)


class Enlarge(nn.Module):
    """(B, C, h, w) to (B, C, H, W) by repeating pixels: undoes a stride, also from odd sizes (4 → 7)."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return x if x.shape[2:] == self.size else F.interpolate(x, size=self.size, mode="nearest")


class Block(nn.Module):
    """ResNet's basic block (He 2015): two 3×3 convolutions and a shortcut, (B, inputs, H, W) → (B, outputs, H', W')."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.one = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm_one = nn.BatchNorm2d(outputs)
        self.two = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm_two = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm_one(self.one(x)), inplace=True)
        return F.relu(self.norm_two(self.two(out)) + self.shortcut(x), inplace=True)


class GrowingBlock(Block):
    """:class:`Enlarge` to ``size`` and then a basic block, (B, inputs, h, w) → (B, outputs, H, W), at half the price.

    Where both sides double, repeating pixels and then convolving 3×3 is a transposed convolution 4×4 of stride 2: the
    same function of the same weights, with 4 products for each output pixel in place of 9. The 1×1 shortcut does not
    care whether pixels are repeated before or after it. ``folded`` False takes the long way.
    """

    folded = True

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]) -> None:
        super().__init__(inputs, outputs)
        self.enlarge = Enlarge(size)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        if not self.folded or self.enlarge.size != (2 * height, 2 * width):
            return super().forward(self.enlarge(x))
        out = F.conv_transpose2d(x, doubling_kernel(self.one.weight), stride=2, padding=1)
        out = self.norm_two(self.two(F.relu(self.norm_one(out), inplace=True)))
        return F.relu(out + self._shortcut(x), inplace=True)

    def _shortcut(self, x: Tensor) -> Tensor:
        if isinstance(self.shortcut, nn.Identity):
            return self.enlarge(x)
        conv, norm = self.shortcut
        return norm(self.enlarge(conv(x)))


def doubling_kernel(weight: Tensor) -> Tensor:
    """(outputs, inputs, 3, 3) → (inputs, outputs, 4, 4): what ``conv_transpose2d`` (stride 2, padding 1) needs to do as
    repeating each pixel twice both ways and ``conv2d`` with ``weight`` (padding 1) do.

    Repeating is itself a transposed convolution, with a 2×2 box of ones; the kernel of both is the sum over the box.
    """
    kernel = weight.flip(2, 3).transpose(0, 1)
    wide = F.pad(kernel, (0, 1)) + F.pad(kernel, (1, 0))
    return F.pad(wide, (0, 0, 0, 1)) + F.pad(wide, (0, 0, 1, 0))


def conv_sizes(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Heights and widths through the small ConvNet, the image's own first, each stage ceil-halved or kept.

    At least three stages; images larger than 32 get one more per doubling, so that the last map is about 4×4; small
    ones (8×8) keep their size in the first stages. 28 → 14 → 7 → 4; 8 → 8 → 8 → 4; 64 → 32 → 16 → 8 → 4.
    """
    height, width = shape[1:]
    halvings = max(1, math.ceil(math.log2(max(height, width, 5) / 4)))
    strides = [1] * max(0, 3 - halvings) + [2] * halvings
    sizes = [(height, width)]
    for stride in strides:
        height, width = -(-height // stride), -(-width // stride)
        sizes.append((height, width))
    return sizes


def conv_channels(first: int, stages: int) -> list[int]:
    """Channels of each ConvNet stage: c, 2c, 4c and no wider."""
    return [first * min(2**stage, 4) for stage in range(stages)]


def halve(size: int, times: int) -> int:
    """``size`` after ``times`` convolutions of stride 2 (each rounds up)."""
    for _ in range(times):
        size = -(-size // 2)
    return size
