"""Decode pictures from files or memory into one uint8 array (N, C, H, W), whatever their format, size and colours.

Sizes: a picture with a side above 64 pixels is cropped to its central square and reduced to 64 x 64 at most. If all
pictures then have the same size and sides of at least 8, that size stays. Otherwise all become squares of one size:
32 x 32 if none is larger, else 64 x 64. Colours: greyscale if all pictures are greyscale, else RGB; transparent areas
become white. Decoded pictures are cached on disk (:func:`cached`).
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from simssl_core.errors import DataError

SMALLEST, SMALL, LARGEST = 8, 32, 64  # sides in pixels, see the rule for sizes above
MAX_PIXELS = 50_000_000  # of one picture before it is reduced; without a limit a small file could fill the memory
MAX_BYTES = 64 * 2**20  # of one encoded picture
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # decoding these runs no external program, as EPS would
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_UNREADABLE_SHARE = 0.01  # of the pictures may be unreadable and skipped with a warning; more is an error


def decode_all(pictures: Iterable[tuple[str, bytes | Path]]) -> tuple[np.ndarray, np.ndarray]:
    """Decode N pairs (name, encoded picture or file).

    Returns:
        The K images that could be read, uint8 (K, C, H, W), and a mask of those pictures among all, bool (N,).

    Raises:
        DataError: a picture is too large, more than 1 % of the pictures cannot be read, or no picture can.
    """
    images, readable, broken = [], [], []
    for name, source in pictures:
        try:
            images.append(decode(source))
            readable.append(True)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:  # raised by PIL for damaged files
            broken.append(f"{name} ({error})")
            readable.append(False)
    if not images:
        first = f", first {broken[0]}" if broken else ""
        raise DataError(f"None of {len(readable)} pictures could be read{first}.")
    if broken:
        message = f"{len(broken)} of {len(readable)} pictures cannot be read, first {broken[0]}."
        if len(broken) > MAX_UNREADABLE_SHARE * len(readable):
            raise DataError(f"{message} Remove or repair them.")
        warnings.warn(f"{message} They are skipped.", stacklevel=2)
    return stack(images), np.array(readable)


def decode(source: bytes | Path) -> np.ndarray:
    """Decode one picture to uint8 (H, W, 1 or 3) with sides of at most 64; a larger one is cropped and reduced.

    Raises:
        DataError: the picture has more pixels or bytes than allowed.
        OSError, ValueError, SyntaxError: the picture is damaged or of an unknown format.
    """
    size = len(source) if isinstance(source, bytes) else os.path.getsize(source)
    if size > MAX_BYTES:
        raise DataError(f"a picture of {size:,} bytes; at most {MAX_BYTES:,} are read. Save it at a smaller size.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is stricter than PIL's limit
            image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise DataError(f"a picture of too many pixels ({error}). Save it at a smaller size.") from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise DataError(
                f"a picture of {image.width} x {image.height} pixels; at most {MAX_PIXELS:,} are read. Save it at a "
                "smaller size."
            )
        image.draft(None, (2 * LARGEST, 2 * LARGEST))  # for JPEG only: decode at a reduced size
        image = _to_grey_or_rgb(ImageOps.exif_transpose(image))
        if max(image.size) > LARGEST:
            image = _central_square(image)
            if image.width > LARGEST:
                image = image.resize((LARGEST, LARGEST), Image.Resampling.BOX)
        array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array


def _to_grey_or_rgb(image: Image.Image) -> Image.Image:
    """Convert to 8-bit greyscale (L) or RGB, with transparent areas in white."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # PIL would clip 16-bit values at 255
        levels = np.asarray(image).astype(np.int64)
        levels = levels >> 8 if levels.max() > 255 else levels
        return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    grey = image.mode in ("1", "L", "LA", "La", "F")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("L" if grey else "RGB")


def _central_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def stack(pictures: list[np.ndarray]) -> np.ndarray:
    """Bring pictures (H, W, 1 or 3) with sides of at most 64 to one size, as one array (N, C, H, W)."""
    if any(picture.shape[2] == 3 for picture in pictures):
        pictures = [picture if picture.shape[2] == 3 else picture.repeat(3, 2) for picture in pictures]
    sizes = {picture.shape[:2] for picture in pictures}
    if len(sizes) > 1 or min(min(size) for size in sizes) < SMALLEST:
        side = SMALL if max(min(size) for size in sizes) <= SMALL else LARGEST
        pictures = [_resized(picture, side) for picture in pictures]
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    image = _central_square(Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture))
    if image.width != side:
        image = image.resize((side, side), Image.Resampling.BOX if image.width > side else Image.Resampling.BICUBIC)
    array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array


VERSION = 1  # to be raised when decoding changes: earlier cached files are then ignored
MAX_CACHE_BYTES = 4 * 2**30  # of all cached files together; the oldest are deleted

Decoded = tuple[np.ndarray, np.ndarray]  # images uint8 (K, C, H, W), mask of the readable pictures bool (N,)


def folder() -> Path:
    """The folder of the cached decoded pictures: SIMSSL_CACHE, else one in the user's cache folder."""
    return Path(os.environ.get("SIMSSL_CACHE") or Path.home() / ".cache" / "simssl" / "decoded")


def key(files: Iterable[Path], rows: Iterable[np.ndarray]) -> str:
    """A cache key for the decoded ``rows`` of ``files``; it changes with the size or modification time of any file."""
    digest = hashlib.sha256(f"{VERSION}".encode())
    for path in files:
        state = path.stat()
        digest.update(f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|".encode())
    for part in rows:
        digest.update(np.asarray(part, dtype=np.int64).tobytes() + b"|")
    return digest.hexdigest()[:32]


def cached(name: str, build: Callable[[], Decoded]) -> Decoded:
    """The decoded pictures cached under ``name``; if there are none, call ``build`` and cache its result."""
    path = folder() / f"{name}.safetensors"
    decoded = _read(path)
    if decoded is None:
        decoded = build()
        _write(path, decoded)
    return decoded


def _read(path: Path) -> Decoded | None:
    try:
        tensors = load_file(path)
        images, readable = tensors["images"], tensors["kept"].astype(bool)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None  # missing or damaged: decode again
    valid = images.dtype == np.uint8 and images.ndim == 4 and len(images) == readable.sum()
    return (images, readable) if valid else None


def _write(path: Path, decoded: Decoded) -> None:
    images, readable = decoded
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        os.close(handle)
        save_file({"images": images, "kept": readable.astype(np.uint8)}, temporary)
        os.replace(temporary, path)
        _prune(path.parent)
    except (OSError, SafetensorError):  # a full or read-only disk must not prevent loading
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _prune(cache: Path) -> None:
    """Delete the oldest files of the cache until the others fit into ``MAX_CACHE_BYTES``."""
    files = [(path.stat(), path) for path in cache.glob("*.safetensors")]
    total = 0
    for state, path in sorted(files, key=lambda pair: -pair[0].st_mtime):
        total += state.st_size
        if total > MAX_CACHE_BYTES:
            path.unlink(missing_ok=True)
