"""Colour augmentations of a whole batch, each image by its own amount; amounts mean the same as in torchvision.

All functions take and return float32 (N, C, H, W) in [0, 1] with C = 1 or 3, and take amounts (N,). They change their
input in place where they can.
"""

from __future__ import annotations

import torch

LUMA = (0.2989, 0.587, 0.114)  # ITU-R 601-2, as in torchvision and PIL


def grey(images: torch.Tensor) -> torch.Tensor:
    """The luma of each pixel, (N, 1, H, W)."""
    if images.shape[1] == 1:
        return images
    r, g, b = images.unbind(1)
    return (r * LUMA[0]).add_(g, alpha=LUMA[1]).add_(b, alpha=LUMA[2])[:, None]


def _column(amount: torch.Tensor) -> torch.Tensor:
    """Amounts (N,) as (N, 1, 1, 1), so that they broadcast over images."""
    return amount[:, None, None, None]


def brightness(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Multiply each image by its ``amount``."""
    return images.mul_(_column(amount)).clamp_(0, 1)


def contrast(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Scale the differences from each image's mean luma by ``amount``."""
    mean = grey(images).mean((1, 2, 3), keepdim=True)
    factor = _column(amount)
    return images.mul_(factor).add_(mean * (1 - factor)).clamp_(0, 1)


def saturation(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Scale the differences from each pixel's luma by ``amount`` (0: greyscale)."""
    factor = _column(amount)
    luma = grey(images).mul_(1 - factor)
    return images.mul_(factor).add_(luma).clamp_(0, 1)


def hue(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Rotate the hue by ``amount`` of the colour circle and keep the HSV value and chroma. Returns a new tensor.

    With value V, chroma K and hue H in sixths of the circle, the channel whose primary lies at P is
    ``V - K clamp(d - 1, 0, 1)``, where d is the distance round the circle from H to P. This is the HSV conversion
    without its six cases. Masks are floats and the hue wraps by one rounding, because ``where`` and ``remainder`` cost
    ten times as much on a CPU.
    """
    r, g, b = images.unbind(1)
    value = images.amax(1)
    chroma = value - images.amin(1)
    red_largest, green_largest = r.clone().ge_(value), g.clone().ge_(value)
    scale = (chroma + 1e-12).reciprocal_()  # for grey pixels the differences below are 0
    turn = (r - g).mul_(scale).sub_(2)  # where blue is the largest
    turn.add_((b - r).mul_(scale).add_(2).sub_(turn).mul_(green_largest))
    turn.add_((g - b).mul_(scale).sub_(turn).mul_(red_largest))
    turn.add_(amount[:, None, None], alpha=6)
    turn.sub_((turn * (1 / 6)).round_(), alpha=6)  # wrap to [-3, 3]
    out = torch.empty_like(images)
    for channel, primary in enumerate((0.0, 2.0, -2.0)):
        # |turn - primary| is at most 5, where clamp(2 - | |.| - 3 |, 0, 1) is clamp(d - 1, 0, 1)
        share = (turn - primary).abs_().sub_(3).abs_().neg_().add_(2).clamp_(0, 1)
        torch.addcmul(value, chroma, share, value=-1, out=out[:, channel])
    return out


def drop_colour(images: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Replace the images for which ``mask`` (N,) is 1 by their luma."""
    return torch.where(_column(mask) > 0, grey(images), images)
