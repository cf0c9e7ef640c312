"""Geometric augmentations of a whole batch at once: random resized crops, flips and rotations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

NARROWEST = 3 / 4  # the narrowest aspect ratio, width over height
TRIES = 10  # torchvision draws up to ten windows before it falls back to a centred one


@dataclass(frozen=True)
class Box:
    """N crop windows in whole pixels; each field is float32 (N,)."""

    top: torch.Tensor
    left: torch.Tensor
    height: torch.Tensor
    width: torch.Tensor

    def __getitem__(self, rows: slice) -> Box:
        return Box(self.top[rows], self.left[rows], self.height[rows], self.width[rows])


def whole(count: int, height: int, width: int, device: torch.device) -> Box:
    """N windows that each cover the whole image."""
    zero = torch.zeros(count, device=device)
    return Box(zero, zero, zero + height, zero + width)


def draw_boxes(
    count: int,
    height: int,
    width: int,
    area: tuple[float, float],
    ratio: tuple[float, float],
    generator: torch.Generator,
) -> Box:
    """Draw ``count`` windows from the distribution of torchvision's ``RandomResizedCrop.get_params``.

    The share of the area is uniform in ``area`` and the aspect ratio log-uniform in ``ratio``. Sides are rounded to
    whole pixels, and the position is uniform over all positions where the window fits. The first of ten tries that fits
    is used; if none fits, the window is the largest centred one whose aspect ratio is allowed.
    """
    device = generator.device
    u = torch.rand(2 * TRIES + 2, count, generator=generator, device=device)
    target = u[:TRIES].mul_(area[1] - area[0]).add_(area[0]).mul_(height * width)
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = u[TRIES : 2 * TRIES].mul_(high - low).add_(low).exp_()
    w = (target * aspect).sqrt_().round_()  # (TRIES, N)
    h = (target / aspect).sqrt_().round_()
    fits = (w > 0) & (w <= width) & (h > 0) & (h <= height)
    first = fits.to(torch.uint8).argmax(0, keepdim=True)
    any_fits = fits.any(0)
    fallback_w, fallback_h = _largest(height, width, ratio)
    w = torch.where(any_fits, w.gather(0, first)[0], fallback_w)
    h = torch.where(any_fits, h.gather(0, first)[0], fallback_h)
    # There are (free pixels + 1) positions; the product can round up to that number, hence the minimum.
    top = torch.minimum((u[-2] * (height - h + 1)).floor_(), height - h)
    left = torch.minimum((u[-1] * (width - w + 1)).floor_(), width - w)
    top = torch.where(any_fits, top, ((height - h) / 2).floor_())
    left = torch.where(any_fits, left, ((width - w) / 2).floor_())
    return Box(top, left, h, w)


def _largest(height: int, width: int, ratio: tuple[float, float]) -> tuple[float, float]:
    """(width, height) of the largest window whose aspect ratio is in ``ratio`` (torchvision's fallback)."""
    if width / height < ratio[0]:
        return width, round(width / ratio[0])
    if width / height > ratio[1]:
        return round(height * ratio[1]), height
    return width, height


def resample_matrix(start: torch.Tensor, length: torch.Tensor, flip: torch.Tensor | None, size: int) -> torch.Tensor:
    """Bilinear resampling of one axis as matrices (N, size, size): output row i blends at most two input rows.

    The window of ``length`` pixels that begins at ``start`` is resized to ``size`` pixels, with half-pixel centres and
    clamped to the window, as ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`` does with the
    cropped image. The output is mirrored where ``flip`` (N,) is 1.
    """
    pixel = torch.arange(size, device=start.device, dtype=torch.float32)
    source = (pixel + 0.5) * (length / size)[:, None] - 0.5  # (N, size) within the window
    source = torch.minimum(source.clamp_(min=0), (length - 1)[:, None])
    if flip is not None:
        source = torch.where(flip[:, None] > 0, source.flip(1), source)
    source = (source + start[:, None])[..., None]
    return (pixel - source).abs_().neg_().add_(1).clamp_(min=0)


def crop(
    images: torch.Tensor, box: Box, hflip: torch.Tensor | None = None, vflip: torch.Tensor | None = None
) -> torch.Tensor:
    """Cut out each window, resize it to the image's own size and mirror it: (N, C, H, W) -> (N, C, H, W).

    This takes two small matrix products per image (rows, then columns); on a CPU it is two to three times as fast as
    ``grid_sample``. The channel axis is moved between height and width, so that each product covers all channels of an
    image at once. The result is a view with the axes swapped back; it is not contiguous if C > 1.
    """
    n, c, h, w = images.shape
    rows = resample_matrix(box.top, box.height, vflip, h)  # (N, H, H)
    columns = resample_matrix(box.left, box.width, hflip, w).transpose(1, 2)  # (N, W, W)
    between = images.transpose(1, 2).reshape(n, h, c * w)
    cut = torch.bmm(torch.bmm(rows, between).view(n, h * c, w), columns)
    return cut.view(n, h, c, w).transpose(1, 2)


def crop_and_rotate(
    images: torch.Tensor,
    box: Box,
    angle: torch.Tensor,
    hflip: torch.Tensor | None = None,
    vflip: torch.Tensor | None = None,
) -> torch.Tensor:
    """Like :func:`crop`, then rotate each image by ``angle`` (N,) radians counter-clockwise about its centre.

    Pixels from outside the image are 0. The order is crop, mirror, rotate; all three form one affine map of the
    output's coordinates, so one ``grid_sample`` is enough.
    """
    h, w = images.shape[2:]
    cos, sin = torch.cos(angle), torch.sin(angle)
    mirror_x = 1 if hflip is None else 1 - 2 * hflip
    mirror_y = 1 if vflip is None else 1 - 2 * vflip
    half_w, half_h = box.width / w * mirror_x, box.height / h * mirror_y
    centre_x, centre_y = centre(box, h, w)
    # A rotation is rigid in pixels; in the [-1, 1] coordinates of a non-square image it needs the ratio of the sides.
    theta = torch.stack(
        [
            torch.stack([half_w * cos, -half_w * sin * (h / w), centre_x], 1),
            torch.stack([half_h * sin * (w / h), half_h * cos, centre_y], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


def centre(box: Box, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The centres (x, y) of the windows, (N,) each; -1 and 1 are the edges of the image."""
    return (2 * box.left + box.width) / width - 1, (2 * box.top + box.height) / height - 1
