"""Whatever a person holds as images -> one float tensor (N, C, H, W) in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from simssl_core.errors import ShapeError

SLACK = 1e-3  # resizing and arithmetic overshoot [0, 1] by this much without anyone meaning another scale


def as_tensor(images: Any, shape: tuple[int, int, int]) -> tuple[torch.Tensor, bool]:
    """``images`` as a tensor as given (no copy, scale or order changed), and whether they came as torch.

    Takes a torch tensor, a numpy array, a PIL image, or a list of any of these (all of one shape).
    """
    if isinstance(images, torch.Tensor):
        return images, True
    if isinstance(images, (list, tuple)):
        if not images:
            return torch.zeros((0, *shape)), False
        pairs = [as_tensor(image, shape) for image in images]
        shapes = {tuple(tensor.shape) for tensor, _ in pairs}
        if len(shapes) > 1:
            raise ShapeError(f"the images in the list are of different shapes: {sorted(shapes)[:4]}; make them {shape}")
        stacked = torch.stack([tensor for tensor, _ in pairs])
        if stacked.ndim == 5 and stacked.shape[1] == 1:  # a list of (1, C, H, W)
            stacked = stacked.flatten(0, 1)
        return stacked, any(is_torch for _, is_torch in pairs)
    if hasattr(images, "convert"):  # a PIL image, without importing PIL
        images = np.asarray(images.convert("L" if shape[0] == 1 else "RGB"))
    array = np.asarray(images)  # a lone number stays without axes
    if array.dtype == object or array.dtype.kind not in "buif":
        raise ShapeError(
            f"images must be numbers, a PIL image or a list of these (given: {type(images).__name__} of {array.dtype})"
        )
    if array.dtype.kind in "ui" and array.dtype != np.uint8:
        array = array.astype(np.int64)  # torch has no kernels for wide unsigned integers
    return torch.from_numpy(np.require(array, requirements=["C", "W"])), False  # torch wants writable memory


def batch(images: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    """(N,C,H,W), (N,H,W,C), (C,H,W), (H,W,C), and for one channel (N,H,W) or (H,W) -> (N, C, H, W).

    Channels first is tried first, so an image that could be read both ways is taken as (C, H, W).

    Raises:
        ShapeError: none of these fits ``shape`` (C, H, W).
    """
    channels, height, width = shape
    given = tuple(images.shape)
    if given[-3:] == shape and len(given) in (3, 4):
        return images.reshape(-1, *shape)
    if given[-3:] == (height, width, channels) and len(given) in (3, 4):
        return images.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
    if channels == 1 and given[-2:] == (height, width) and len(given) in (2, 3):
        return images.reshape(-1, 1, height, width)
    raise ShapeError(f"images have shape {given}; {_wanted(shape, given)}")


def _wanted(shape: tuple[int, int, int], given: tuple[int, ...]) -> str:
    channels, height, width = shape
    text = f"this encoder reads (N, {channels}, {height}, {width}), or (N, {height}, {width}, {channels})"
    if channels == 1:
        return f"{text}, or (N, {height}, {width}) without the channel; resize or convert them"
    if given[-2:] == (height, width):
        return f"{text}; for grey images repeat the channel {channels} times"
    return f"{text}; resize or convert them"


def unit(images: torch.Tensor) -> torch.Tensor:
    """Integers 0..255, booleans or floats in [0, 1] -> float32 in [0, 1].

    Raises:
        ShapeError: values outside, or not numbers.
    """
    if images.dtype == torch.bool:
        return images.float()
    if not images.is_floating_point():
        if images.is_complex():
            raise ShapeError("images must be real numbers (given: complex)")
        if images.dtype != torch.uint8 and images.numel() and not 0 <= int(images.min()) <= int(images.max()) <= 255:
            raise ShapeError(
                f"whole-numbered pixels must be 0 to 255 (given: {int(images.min())} to {int(images.max())})"
            )
        return images.float().div_(255)
    images = images.float()
    if images.numel():
        low, high = (float(x) for x in torch.aminmax(images))
        if not (low >= -SLACK and high <= 1 + SLACK):  # NaN fails both
            raise ShapeError(
                f"float pixels must be in [0, 1] (given: {low:.4g} to {high:.4g}); divide 0..255 by 255 or pass uint8, "
                "and undo any standardisation"
            )
    return images.clamp(0, 1)
