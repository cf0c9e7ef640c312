"""Pictures in a row as an animated GIF."""

from __future__ import annotations

import io

import numpy as np

LEAST = 192  # pixels of the longer side: anything smaller is enlarged without smoothing


def gif(frames: np.ndarray, milliseconds: int = 80, there_and_back: bool = True) -> bytes:
    """Frames uint8 (T, H, W, 3) as a GIF that repeats for ever; by default it goes back the way it came.

    One palette of 256 colours for all frames, so that nothing flickers.
    """
    from PIL import Image

    frames = np.asarray(frames, np.uint8)
    scale = max(1, round(LEAST / max(frames.shape[1:3])))
    order = [*range(len(frames)), *(range(len(frames) - 2, 0, -1) if there_and_back else ())]
    palette = Image.fromarray(frames.reshape(-1, *frames.shape[2:])).quantize(256)
    large = [Image.fromarray(frame.repeat(scale, 0).repeat(scale, 1)) for frame in frames]
    shown = [large[k].quantize(palette=palette, dither=Image.Dither.NONE) for k in order]
    file = io.BytesIO()
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:], duration=milliseconds, loop=0, optimize=False)
    return file.getvalue()
