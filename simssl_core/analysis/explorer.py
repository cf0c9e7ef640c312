"""A trained run to play with: its held-out images, their representations, and pictures of any representation.

What the Traverse page shows is computed here. Images come from the run's map, so that image k is the same on both
pages; where the data set is made on this machine (sprites, digits) its own pixels replace the map's compressed ones.

Objectives with a decoder draw what a representation stands for. The others have a memory decoder draw what is still in
it, once one was learnt (:meth:`Explorer.remembering`); without it the nearest real images stand in.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from simssl_core.analysis.gallery import Gallery, open_gallery
from simssl_core.analysis.memory_decoders import open_memory
from simssl_core.analysis.sliders import DIMENSIONS, SliderDirections
from simssl_core.analysis.sliders import slider_directions as find_ways
from simssl_core.encoder import load
from simssl_core.errors import CheckpointError
from simssl_core.latent import directions, traversal

THREADS = 1  # one picture is far too little work to share out, and a training may need the other cores


class Explorer:
    """The run in ``folder``, loaded on the CPU.

    Raises:
        CheckpointError: the run is damaged or has neither a map nor local data to take images from.
    """

    def __init__(self, folder: str | Path):
        torch.set_num_threads(THREADS)
        self.folder = Path(folder)
        self.encoder = load(self.folder)
        self.objective, self.record = self.encoder.objective, self.encoder.record
        self.gallery: Gallery = open_gallery(self.folder, self.record)
        self.held_out = np.flatnonzero(self.gallery.cloud < 0)
        self._memory = None
        self.own = ""

    def remembering(self) -> Explorer:
        """The same, drawing with the run's memory decoder.

        Raises:
            CheckpointError: there is none that fits.
        """
        other = copy.copy(self)
        other._memory = open_memory(self.folder, self.record)
        return other

    def with_image(self, image: np.ndarray) -> Explorer:
        """The same, with one more image uint8 (C, H, W) at the gallery's end: it can be moved, but is no neighbour.

        Raises:
            ShapeError: it is not of this run's shape.
        """
        other = copy.copy(self)
        z = torch.as_tensor(self.encoder(image[None]))
        gallery = self.gallery
        other.gallery = replace(
            gallery,
            images=np.concatenate([gallery.images, image[None]]),
            labels=np.append(gallery.labels, -1),
            cloud=np.append(gallery.cloud, -1),
        )
        other.__dict__ |= {"latents": torch.cat([self.latents, z]), "ways": self.ways}
        other.own = hashlib.sha1(image.tobytes()).hexdigest()[:12]
        return other

    @property
    def token(self) -> str:
        """Names what is drawn from: weights, decoder and the person's own image."""
        return f"{self.record.step}|{'memory' if self.by_memory else 'own decoder'}|{self.own}"

    @property
    def by_memory(self) -> bool:
        """Whether pictures are the memory decoder's, which was learnt after the run."""
        return self._memory is not None

    @property
    def has_decoder(self) -> bool:
        """Whether a representation can be drawn."""
        return self.by_memory or bool(self.objective.has_decoder)

    @property
    def width(self) -> int:
        """D, the width of the representation."""
        return self.encoder.width

    @cached_property
    def latents(self) -> Tensor:
        """The representations of the whole gallery, float32 (N, D)."""
        return torch.as_tensor(self.encoder(self.gallery.images))

    @cached_property
    def _known(self) -> Tensor:
        return self.latents[torch.as_tensor(self.held_out)]

    @cached_property
    def _views(self) -> Tensor | None:
        """Representations (V, N, D) of N data in V views each, from the map's instance clouds; None without any."""
        views = self.gallery.views()
        return None if views is None else self.latents[torch.as_tensor(views)]

    @cached_property
    def ways(self) -> dict[str, SliderDirections]:
        """What sliders can move along, by kind: single dimensions; where views are known, the principal directions of
        style and of content; towards each class; along each factor that is known of the images."""
        return find_ways(self.latents, self._views, self.gallery, self.record.dataset.factors)

    def draw(self, z: Tensor) -> np.ndarray:
        """Pictures uint8 (N, C, H, W) of representations (N, D), by the memory decoder if it was asked for.

        Without any decoder: for each the nearest real image.
        """
        z = torch.as_tensor(z, dtype=torch.float32).reshape(-1, self.width)
        if not self.has_decoder:
            return self.gallery.images[self.nearest(z, 1)[:, 0]]
        drawn = self._memory.pictures(z) if self._memory is not None else self.encoder.decode(z)
        return drawn.nan_to_num().clamp(0, 1).mul(255).round().to(torch.uint8).numpy()

    def nearest(self, z: Tensor, count: int) -> np.ndarray:
        """The ``count`` held-out images nearest (Euclidean) to each of z (N, D): places in the gallery, (N, count)."""
        z = torch.as_tensor(z, dtype=torch.float32).reshape(-1, self.width)
        return self.held_out[traversal.nearest(self._known, z, count).numpy()]

    def moved(self, z: Tensor, offsets: Mapping[int, float], kind: str = DIMENSIONS) -> Tensor:
        """z (D,) moved along way k of ``kind`` by ``offsets[k]`` standard deviations; unknown ways are left out."""
        ways = self.ways[kind]
        for k, steps in offsets.items():
            if 0 <= k < len(ways):
                z = z + steps * ways.std[k] * ways.vectors[k]
        return z

    def sweep(self, z: Tensor, offsets: np.ndarray, count: int, kind: str = DIMENSIONS) -> np.ndarray:
        """What each of the first ``count`` ways does alone: uint8 (count, S, C, H, W), z moved by S ``offsets``."""
        ways = self.ways[kind]
        steps = torch.as_tensor(offsets, dtype=torch.float32)
        rows = [traversal.sweep(z, ways.vectors[k] * ways.std[k], steps) for k in range(min(count, len(ways)))]
        return self.draw(torch.stack(rows)).reshape(len(rows), len(steps), *self.encoder.shape)

    def between(self, a: int, b: int, steps: int) -> np.ndarray:
        """Pictures uint8 (steps, C, H, W) on the straight line from image a's representation to image b's."""
        return self.draw(traversal.interpolate(self.latents[a], self.latents[b], steps))

    def mixed(self, contents: Sequence[int], styles: Sequence[int]) -> np.ndarray:
        """Content of one image with the style of another: uint8 (A, B, C, H, W) for A × B images.

        Content is what lies along the directions in which the data differ (nine tenths of it), style is the rest.

        Raises:
            CheckpointError: the run's map has no instance clouds to tell the two apart by.
        """
        if self._views is None:
            raise CheckpointError(f"the map of {self.record.run} shows no image in several views, so style is unknown")
        basis = directions.content(self._views).up_to(0.9)
        rows = traversal.mix(self.latents[list(contents)][:, None], self.latents[list(styles)][None], basis)
        return self.draw(rows).reshape(len(contents), len(styles), *self.encoder.shape)

    def new_views(self, k: int, count: int, seed: int) -> tuple[np.ndarray, str]:
        """Pictures of ``count`` representations drawn around image k's, and in words from what.

        SimVAE has p(z|y) = N(y, σ²I). A VAE has no content y: its own posterior q(z|x) is all it can draw from.

        Raises:
            CheckpointError: the objective has no distribution over z to draw from.
        """
        z = self.latents[k]
        sigma, words = (
            self.objective.spread(z[None]),
            "p(z|y) = N(y, σ²I), with this image’s representation as content y",
        )
        if sigma is None:
            image = torch.as_tensor(self.gallery.images[k : k + 1]).float() / 255
            with torch.no_grad():
                posterior = self.objective.posterior(image) if self.has_decoder else None
            if posterior is None:
                raise CheckpointError(f"{self.record.label} has no distribution around an image to draw from")
            sigma, words = (0.5 * posterior[1]).exp(), "its posterior q(z|x): it knows no content shared by views"
        draws = traversal.imagine(z, sigma[0].detach().square(), count, torch.Generator().manual_seed(seed))
        return self.draw(draws), words

    def from_prior(self, count: int, seed: int) -> tuple[np.ndarray, str]:
        """Pictures of ``count`` representations drawn from the model alone, and in words from what.

        Raises:
            CheckpointError: the objective has no decoder.
        """
        if not self.has_decoder:
            raise CheckpointError(f"{self.record.label} has no decoder, so nothing can be drawn out of nothing")
        noise = torch.randn(count, self.width, generator=torch.Generator().manual_seed(seed))
        settings, shared = self.objective.settings, self.objective.spread(self.latents[:1]) is not None
        if shared and getattr(settings, "prior", "") == "gaussian":
            deviation = (settings.gamma2 + settings.sigma2) ** 0.5
            return self.draw(noise * deviation), "its prior: y ~ N(0, γ²I), then z ~ N(y, σ²I)"
        with torch.no_grad():
            regular = not shared and self.objective.posterior(torch.zeros(1, *self.encoder.shape)) is not None
        if regular:
            return self.draw(noise), "its prior N(0, I)"
        why = "because p(y) is flat and cannot be drawn from" if shared else "because it has no prior"
        known = self._known
        root = torch.linalg.cholesky(known.T.cov() + 1e-6 * torch.eye(self.width))
        words = f"a Gaussian fitted to the held-out images’ representations, {why}"
        return self.draw(known.mean(0) + noise @ root.T), words
