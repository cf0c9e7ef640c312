"""Explore a trained run: its held-out images, their representations, and pictures of any representation.

This computes what the Traverse page shows. Images come from the run's map, so that image k is the same on both pages.
If the data set is made on this machine (sprites, digits), exact pixels replace the map's compressed ones.

Objectives with a decoder draw the picture of a representation. For the others, a memory decoder draws the information
that is left in it, once one has been learnt (:meth:`Explorer.remembering`). Without either, the nearest real image is
used.
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
from simssl_core.analysis.sliders import DIMENSIONS, SliderDirections, slider_directions
from simssl_core.encoder import load
from simssl_core.errors import CheckpointError
from simssl_core.latent import directions, traversal

THREADS = 1  # one picture is too little work for several threads, and a training may need the other cores


class Explorer:
    """The run in ``folder``, loaded on the CPU.

    Raises:
        CheckpointError: the run is damaged, or has neither a map nor data made on this machine to take images from.
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
        """A copy that draws with the run's memory decoder.

        Raises:
            CheckpointError: there is no memory decoder for the current weights.
        """
        other = copy.copy(self)
        other._memory = open_memory(self.folder, self.record)
        return other

    def with_image(self, image: np.ndarray) -> Explorer:
        """A copy with one more image, uint8 (C, H, W), at the end of the gallery.

        The image can be moved like the others, but it is never returned as a neighbour.

        Raises:
            ShapeError: the image does not have this run's shape.
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
        other.__dict__ |= {"latents": torch.cat([self.latents, z]), "ways": self.ways}  # the cached properties
        other.own = hashlib.sha1(image.tobytes()).hexdigest()[:12]
        return other

    @property
    def token(self) -> str:
        """Identifies what pictures depend on: the weights, the decoder and the person's own image."""
        return f"{self.record.step}|{'memory' if self.by_memory else 'own decoder'}|{self.own}"

    @property
    def by_memory(self) -> bool:
        """Whether the memory decoder draws the pictures, which was learnt after the run."""
        return self._memory is not None

    @property
    def has_decoder(self) -> bool:
        """Whether a decoder, the run's own or a memory decoder, can draw representations."""
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
    def _held_out_latents(self) -> Tensor:
        """The representations of the held-out images, float32 (M, D)."""
        return self.latents[torch.as_tensor(self.held_out)]

    @cached_property
    def _views(self) -> Tensor | None:
        """Representations (V, N, D) of V views of each of N data, from the map's instance clouds; None without any."""
        places = self.gallery.views()
        return None if places is None else self.latents[torch.as_tensor(places)]

    @cached_property
    def ways(self) -> dict[str, SliderDirections]:
        """The directions for sliders by kind: single dimensions, the principal directions of style and of content (if
        the map has views), directions towards each class, and along each known factor."""
        return slider_directions(self.latents, self._views, self.gallery, self.record.dataset.factors)

    def draw(self, z: Tensor) -> np.ndarray:
        """Pictures uint8 (N, C, H, W) of representations (N, D), by the memory decoder if this explorer uses one.

        Without a decoder, the nearest held-out image of each.
        """
        z = torch.as_tensor(z, dtype=torch.float32).reshape(-1, self.width)
        if not self.has_decoder:
            return self.gallery.images[self.nearest(z, 1)[:, 0]]
        pictures = self._memory.pictures(z) if self._memory is not None else self.encoder.decode(z)
        return pictures.nan_to_num().clamp(0, 1).mul(255).round().to(torch.uint8).numpy()

    def nearest(self, z: Tensor, count: int) -> np.ndarray:
        """Gallery positions (N, count) of the ``count`` held-out images nearest (Euclidean) to each of z (N, D)."""
        z = torch.as_tensor(z, dtype=torch.float32).reshape(-1, self.width)
        return self.held_out[traversal.nearest(self._held_out_latents, z, count).numpy()]

    def moved(self, z: Tensor, offsets: Mapping[int, float], kind: str = DIMENSIONS) -> Tensor:
        """z (D,) moved along direction k of ``kind`` by ``offsets[k]`` standard deviations; invalid k are ignored."""
        group = self.ways[kind]
        for k, offset in offsets.items():
            if 0 <= k < len(group):
                z = z + offset * group.std[k] * group.vectors[k]
        return z

    def sweep(self, z: Tensor, offsets: np.ndarray, count: int, kind: str = DIMENSIONS) -> np.ndarray:
        """Pictures uint8 (K, S, C, H, W) of z (D,) moved by S ``offsets`` along each of the first directions alone.

        K is ``count``, or the number of directions of ``kind`` if that is smaller.
        """
        group = self.ways[kind]
        steps = torch.as_tensor(offsets, dtype=torch.float32)
        rows = [traversal.sweep(z, group.vectors[k] * group.std[k], steps) for k in range(min(count, len(group)))]
        return self.draw(torch.stack(rows)).reshape(len(rows), len(steps), *self.encoder.shape)

    def between(self, a: int, b: int, steps: int) -> np.ndarray:
        """Pictures uint8 (steps, C, H, W) on the straight line between the representations of images a and b."""
        return self.draw(traversal.interpolate(self.latents[a], self.latents[b], steps))

    def mixed(self, contents: Sequence[int], styles: Sequence[int]) -> np.ndarray:
        """The content of one image with the style of another: uint8 (A, B, C, H, W) for A × B images.

        Content is the part along the directions that hold nine tenths of the variance between data; style is the rest.

        Raises:
            CheckpointError: the run's map has no instance clouds, from which the two could be told apart.
        """
        if self._views is None:
            raise CheckpointError(f"the map of {self.record.run} has no image in several views, so style is unknown")
        basis = directions.content(self._views).up_to(0.9)
        rows = traversal.mix(self.latents[list(contents)][:, None], self.latents[list(styles)][None], basis)
        return self.draw(rows).reshape(len(contents), len(styles), *self.encoder.shape)

    def new_views(self, k: int, count: int, seed: int) -> tuple[np.ndarray, str]:
        """Pictures of ``count`` representations sampled around that of image k, and the distribution in words.

        SimVAE has p(z|y) = N(y, σ²I). A VAE has no content y, so its samples come from the posterior q(z|x).

        Raises:
            CheckpointError: the objective defines no distribution over z.
        """
        z = self.latents[k]
        sigma = self.objective.spread(z[None])
        distribution = "p(z|y) = N(y, σ²I), with this image’s representation as content y"
        if sigma is None:
            image = torch.as_tensor(self.gallery.images[k : k + 1]).float() / 255
            with torch.no_grad():
                posterior = self.objective.posterior(image) if self.has_decoder else None
            if posterior is None:
                raise CheckpointError(f"{self.record.label} has no distribution around an image to sample from")
            sigma = (0.5 * posterior[1]).exp()
            distribution = "its posterior q(z|x), since it has no content shared by views"
        samples = traversal.imagine(z, sigma[0].detach().square(), count, torch.Generator().manual_seed(seed))
        return self.draw(samples), distribution

    def from_prior(self, count: int, seed: int) -> tuple[np.ndarray, str]:
        """Pictures of ``count`` representations sampled from the model without an image, and the distribution in words.

        Raises:
            CheckpointError: the objective has no decoder.
        """
        if not self.has_decoder:
            raise CheckpointError(f"{self.record.label} has no decoder, so it cannot draw without an image")
        noise = torch.randn(count, self.width, generator=torch.Generator().manual_seed(seed))
        settings = self.objective.settings
        has_content = self.objective.spread(self.latents[:1]) is not None
        if has_content and getattr(settings, "prior", "") == "gaussian":
            deviation = (settings.gamma2 + settings.sigma2) ** 0.5
            return self.draw(noise * deviation), "its prior: y ~ N(0, γ²I), then z ~ N(y, σ²I)"
        with torch.no_grad():
            is_vae = not has_content and self.objective.posterior(torch.zeros(1, *self.encoder.shape)) is not None
        if is_vae:
            return self.draw(noise), "its prior N(0, I)"
        reason = "because p(y) is flat and cannot be sampled" if has_content else "because it has no prior"
        latents = self._held_out_latents
        factor = torch.linalg.cholesky(latents.T.cov() + 1e-6 * torch.eye(self.width))
        distribution = f"a Gaussian fitted to the held-out images’ representations, {reason}"
        return self.draw(latents.mean(0) + noise @ factor.T), distribution
