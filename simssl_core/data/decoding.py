"""Pictures in files or in memory -> one uint8 array (N, C, H, W), whatever their format, size and colours.

The rule for sizes: a picture with a side above 64 pixels is cut to its central square and shrunk to 64 x 64 at most. If
all pictures now have one size of at least 8 a side, it stays. Otherwise all become squares of one size: 32 x 32 if none
is larger than that, else 64 x 64. The rule for colours: greyscale if all pictures are, else RGB; what is transparent is
laid on white.
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

SMALLEST, SMALL, LARGEST = 8, 32, 64  # sides in pixels, see the rule above
MOST_PIXELS = 50_000_000  # of one picture before it is shrunk: beyond it a small file can fill the memory
MOST_BYTES = 64 * 2**20  # of one encoded picture
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # none of them runs a program, as EPS would
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
TOLERATED = 0.01  # share of unreadable pictures that is left out with a warning; more is an error


def decode_all(pictures: Iterable[tuple[str, bytes | Path]]) -> tuple[np.ndarray, np.ndarray]:
    """Decode (name, content or file) pairs: images uint8 (K, C, H, W) and which pictures they are, bool (N,).

    Raises:
        DataError: a picture that is too large, more than 1 % that cannot be read, or none at all.
    """
    found, kept, broken = [], [], []
    for name, source in pictures:
        try:
            found.append(decode(source))
            kept.append(True)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:  # what PIL raises on damage
            broken.append(f"{name} ({error})")
            kept.append(False)
    if not found:
        raise DataError(f"None of {len(kept)} pictures could be read{f', first {broken[0]}' if broken else ''}.")
    if broken:
        message = f"{len(broken)} of {len(kept)} pictures cannot be read, first {broken[0]}."
        if len(broken) > TOLERATED * len(kept):
            raise DataError(f"{message} Remove or mend them.")
        warnings.warn(f"{message} They are left out.", stacklevel=2)
    return stack(found), np.array(kept)


def decode(source: bytes | Path) -> np.ndarray:
    """One picture as uint8 (H, W, 1 or 3), its sides at most 64: larger ones are cut to their square and shrunk.

    Raises:
        DataError: more pixels or bytes than are allowed.
        OSError, ValueError, SyntaxError: it is damaged or not of a known format.
    """
    size = len(source) if isinstance(source, bytes) else os.path.getsize(source)
    if size > MOST_BYTES:
        raise DataError(f"a picture of {size:,} bytes; at most {MOST_BYTES:,} are read. Store it smaller.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is the stricter one
            image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise DataError(f"a picture of too many pixels ({error}). Store it smaller.") from error
    with image:
        if image.width * image.height > MOST_PIXELS:
            size = f"{image.width} x {image.height}"
            raise DataError(f"a picture of {size} pixels; at most {MOST_PIXELS:,} are read. Store it smaller.")
        image.draft(None, (2 * LARGEST, 2 * LARGEST))  # JPEG only: decode at a fraction of the size
        image = _plain(ImageOps.exif_transpose(image))
        if max(image.size) > LARGEST:
            image = _square(image)
            if image.width > LARGEST:
                image = image.resize((LARGEST, LARGEST), Image.Resampling.BOX)
        array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array


def _plain(image: Image.Image) -> Image.Image:
    """To greyscale (L) or RGB, transparency on white, 16 bits to 8."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # PIL would clip 16-bit values at 255
        deep = np.asarray(image).astype(np.int64)
        deep = deep >> 8 if deep.max() > 255 else deep
        return Image.fromarray(np.clip(deep, 0, 255).astype(np.uint8))
    grey = image.mode in ("1", "L", "LA", "La", "F")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("L" if grey else "RGB")


def _square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def stack(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures (H, W, 1 or 3), sides at most 64, by the module's rule as one array (N, C, H, W)."""
    if any(p.shape[2] == 3 for p in pictures):
        pictures = [p if p.shape[2] == 3 else p.repeat(3, 2) for p in pictures]
    sizes = {p.shape[:2] for p in pictures}
    if len(sizes) > 1 or min(min(size) for size in sizes) < SMALLEST:
        side = SMALL if max(min(size) for size in sizes) <= SMALL else LARGEST
        pictures = [_resized(p, side) for p in pictures]
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    image = _square(Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture))
    if image.width != side:
        image = image.resize((side, side), Image.Resampling.BOX if image.width > side else Image.Resampling.BICUBIC)
    array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array


VERSION = 1  # raise it when decoding changes
MAX_CACHE_BYTES = 4 * 2**30  # of all cached files together

Decoded = tuple[np.ndarray, np.ndarray]  # images uint8 (K, C, H, W), kept bool (N,)


def folder() -> Path:
    """Where decoded pictures are kept."""
    return Path(os.environ.get("SIMSSL_CACHE") or Path.home() / ".cache" / "simssl" / "decoded")


def key(files: Iterable[Path], rows: Iterable[np.ndarray]) -> str:
    """A name for the decoded ``rows`` of ``files``, which changes whenever a file's size or modification time does."""
    digest = hashlib.sha256(f"{VERSION}".encode())
    for path in files:
        state = path.stat()
        digest.update(f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|".encode())
    for chosen in rows:
        digest.update(np.asarray(chosen, dtype=np.int64).tobytes() + b"|")
    return digest.hexdigest()[:32]


def cached(name: str, build: Callable[[], Decoded]) -> Decoded:
    """What is kept under ``name``, else what ``build`` returns, kept for the next time."""
    path = folder() / f"{name}.safetensors"
    found = _read(path)
    if found is None:
        found = build()
        _write(path, found)
    return found


def _read(path: Path) -> Decoded | None:
    try:
        held = load_file(path)
        images, kept = held["images"], held["kept"].astype(bool)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None  # not there, or damaged: decode again
    whole = images.dtype == np.uint8 and images.ndim == 4 and len(images) == kept.sum()
    return (images, kept) if whole else None


def _write(path: Path, found: Decoded) -> None:
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        os.close(handle)
        save_file({"images": found[0], "kept": found[1].astype(np.uint8)}, temporary)
        os.replace(temporary, path)
        _prune(path.parent)
    except (OSError, SafetensorError):  # a full or read-only disk must not stop the loading
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _prune(place: Path) -> None:
    kept = sorted(((p.stat(), p) for p in place.glob("*.safetensors")), key=lambda pair: -pair[0].st_mtime)
    total = 0
    for state, path in kept:
        total += state.st_size
        if total > MAX_CACHE_BYTES:
            path.unlink(missing_ok=True)
