"""Colour changes of a whole batch, each image by its own amount, with torchvision's meaning of every amount.

All take and return float32 (N, C, H, W) in [0, 1] with C = 1 or 3, and amounts (N,). They work in place where they can.
"""

from __future__ import annotations

import torch

LUMA = (0.2989, 0.587, 0.114)  # ITU-R 601-2, as torchvision and PIL have it


def grey(images: torch.Tensor) -> torch.Tensor:
    """Luma, (N, 1, H, W)."""
    if images.shape[1] == 1:
        return images
    r, g, b = images.unbind(1)
    return (r * LUMA[0]).add_(g, alpha=LUMA[1]).add_(b, alpha=LUMA[2])[:, None]


def _column(amount: torch.Tensor) -> torch.Tensor:
    return amount[:, None, None, None]


def brightness(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Multiply by ``amount``."""
    return images.mul_(_column(amount)).clamp_(0, 1)


def contrast(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Stretch about each image's mean luma by ``amount``."""
    mean = grey(images).mean((1, 2, 3), keepdim=True)
    factor = _column(amount)
    return images.mul_(factor).add_(mean * (1 - factor)).clamp_(0, 1)


def saturation(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Stretch away from each pixel's luma by ``amount`` (0: greyscale)."""
    factor = _column(amount)
    plain = grey(images).mul_(1 - factor)
    return images.mul_(factor).add_(plain).clamp_(0, 1)


def hue(images: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Turn the hue by ``amount`` of the colour circle; HSV value and saturation stay.

    With value V and chroma K, channel n in (5, 3, 1) of a colour of hue H (in sixths) is
    ``V - K clamp(min(k, 4 - k), 0, 1)``, ``k = (n + H) mod 6``: the usual conversion without its case distinctions.
    """
    r, g, b = images.unbind(1)
    value = images.amax(1)
    chroma = value - images.amin(1)
    scale = 1 / torch.where(chroma > 0, chroma, 1)
    sixth = torch.where(value == r, (g - b) * scale, torch.where(value == g, (b - r) * scale + 2, (r - g) * scale + 4))
    sixth.add_(amount[:, None, None], alpha=6)
    out = torch.empty_like(images)
    for channel, n in enumerate((5.0, 3.0, 1.0)):
        k = (sixth + n).remainder_(6)
        k = torch.minimum(k, 4 - k).clamp_(0, 1)
        torch.addcmul(value, chroma, k, value=-1, out=out[:, channel])
    return out


def drop_colour(images: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
    """Replace the images where ``which`` (N,) is 1 by their luma."""
    return torch.where(_column(which) > 0, grey(images), images)
