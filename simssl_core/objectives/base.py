"""What every objective is: an encoder, what else its loss needs, and ``forward(views) -> Terms``.

To add one: a file in this folder with a :class:`Settings` of its own, a subclass of :class:`Objective` (or of
``Generative`` / ``Discriminative``) and ``@register`` above it. Form, shell, pages and smoke tests find it by its
name, and read off its class variables all that they say of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from simssl_core.config import ModelConfig, Settings, parse
from simssl_core.data.types import Views
from simssl_core.errors import ConfigError, ShapeError
from simssl_core.models.encoders import Encoder
from simssl_core.objectives import facts


class Context(BaseModel):
    """What an objective must know of the world it is built in; enough to build it again without the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelConfig = ModelConfig()
    shape: tuple[int, int, int]
    data_size: int = 1
    classes: int = 0
    likelihood: Literal["bernoulli", "gaussian"] = "gaussian"
    views: int = 2
    vocabulary: tuple[str, ...] = ()


class Objective(nn.Module):
    """The base of all objectives. Class variables say what pages print and tests expect.

    ``name`` (registry), ``title``, ``family``, ``formula`` (LaTeX of the loss), ``roles``: for each role with a
    counterpart in ELBO_SSL a sentence and a LaTeX formula, ``Config``: its settings.

    ``colour``: ``#RRGGBB`` on every page, cool for generative and warm for discriminative objectives; empty: one made
    from the name. ``unit``: what its loss is counted in. ``keeps``: which factors of an image the theory expects its
    representation to keep: all, those that views share, or (empty) no prediction. ``typical``: it stands for its
    family where there is room for one of each. ``first_race``: it is chosen when a form opens. ``vae_baseline``: the
    paper's claims set SimVAE against it. ``recommended``: settings that make its first minute a fair one,
    by data set, or by ``dataset+factor`` where the views of drawn data share that factor. ``published``: settings of
    its authors' code, where they differ from the defaults.

    ``least_views`` and ``least_batch``: fewer are refused. ``needs_captions``: it reads captions, which belong to
    view 0. ``symmetric``: exchanging the views leaves the loss as it is. ``stops_gradient``: part of the loss is held
    fixed although the same weights make it, so that the gradient is not the loss's slope.

    :mod:`simssl_core.objectives.facts` reads some of them without importing anything: those are written as literals.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Literal["generative", "discriminative", "reference"]]
    formula: ClassVar[str]
    roles: ClassVar[dict[str, tuple[str, str]]]
    Config: ClassVar[type[Settings]] = Settings
    colour: ClassVar[str] = ""
    unit: ClassVar[Literal["nats per datum", "nats per view", "in its own units"]] = "in its own units"
    keeps: ClassVar[Literal["all", "shared", ""]] = ""
    typical: ClassVar[bool] = False
    first_race: ClassVar[bool] = False
    vae_baseline: ClassVar[bool] = False
    recommended: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    published: ClassVar[Mapping[str, Any]] = {}
    least_views: ClassVar[int] = 1
    least_batch: ClassVar[int] = 1
    needs_captions: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    stops_gradient: ClassVar[bool] = False

    encoder: Encoder
    has_decoder: bool = False

    def __init_subclass__(cls, **more: Any) -> None:
        """What is true of one class alone is not inherited: a subclass of SimVAE has a colour of its own."""
        super().__init_subclass__(**more)
        for name in facts.NOT_INHERITED:
            if name not in vars(cls) and hasattr(Objective, name):
                setattr(cls, name, getattr(Objective, name))

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__()
        if self.needs_captions and len(context.vocabulary) < 2:
            raise ConfigError(
                f"{self.name} reads captions and this data has none; use sprites, or a parquet file with a text column"
            )
        self.settings = settings
        self.context = context

    # -- the loss -----------------------------------------------------------------------------------------------------

    def forward(self, views: Views) -> Terms:
        """The loss of one batch, by role, in nats per datum.

        The networks run in whatever precision the caller's autocast asks for; the loss itself always runs in float32
        (or float64 when the objective was moved there).

        Raises:
            ShapeError: too few views or data, or images of another shape.
        """
        self._check(views)
        outputs = self.networks(views)
        with torch.autocast(views.images.device.type, enabled=False):
            return self.terms(views, **{name: full_precision(value) for name, value in outputs.items()})

    def networks(self, views: Views) -> dict[str, Tensor]:
        """Everything the loss needs of the networks, by the argument's name in :meth:`terms`."""
        raise TypeError(f"{type(self).__name__} must define networks()")

    def terms(self, views: Views, *_: Any, **outputs: Any) -> Terms:
        """The loss by role, from what :meth:`networks` returned, in full precision: tensors by argument name."""
        raise TypeError(f"{type(self).__name__} must define terms()")

    def after_step(self, step: int, total: int) -> None:
        """Called once after every optimiser step, with the number of steps done and planned: averages, queues,
        prototypes.
        """

    # -- looking in ---------------------------------------------------------------------------------------------------

    def encode(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float in [0, 1] → (B, D): the representation that probes read."""
        return full_precision(self.encoder(images))

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        """q(z|x) as (mean, log-variance), (B, D) each; None where the objective has no distribution over z."""
        return None

    def decode(self, z: Tensor) -> Tensor | None:
        """(B, D) → images (B, C, H, W) in [0, 1]; None where the objective has no decoder."""
        return None

    def spread(self, z: Tensor) -> Tensor | None:
        """σ of p(z|y) around a content y = ``z``, broadcasting to its shape (B, D); None where there is no p(z|y)."""
        return None

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """Representations from the backbone outwards, in order, (B, width) each: the layer profile reads them."""
        features = self.encoder.features(images)
        return {"backbone": full_precision(features), "representation": self.encode(images)}

    # -- settings -----------------------------------------------------------------------------------------------------

    @classmethod
    def live(cls) -> tuple[str, ...]:
        """Names of the settings that may change while a run trains."""
        extras = {name: field.json_schema_extra for name, field in cls.Config.model_fields.items()}
        return tuple(name for name, extra in extras.items() if isinstance(extra, dict) and extra.get("live"))

    def change(self, **live: Any) -> None:
        """Replace live settings; they hold from the next step on.

        Raises:
            ConfigError: a name that is not live here, or a value out of its range. Nothing is changed then.
        """
        fixed = sorted(set(live) - set(self.live()))
        if fixed:
            can = ", ".join(self.live()) or "nothing"
            raise ConfigError(f"{self.name}: {', '.join(fixed)} cannot change while training; what can: {can}")
        self.settings = parse(self.Config, self.settings.model_dump() | live, self.name)

    def _check(self, views: Views) -> None:
        shape = tuple(views.images.shape)
        if len(shape) != 5 or shape[2:] != tuple(self.context.shape):
            raise ShapeError(f"{self.name} reads views (J, B, {', '.join(map(str, self.context.shape))}), not {shape}")
        if self.needs_captions and views.tokens is None:
            raise ShapeError(f"{self.name} reads captions and these views carry none (views.tokens is None)")
        needs = (
            (shape[0], self.least_views, "views of each datum", "views.count"),
            (shape[1], self.least_batch, "data in a batch", "train.batch"),
        )
        for given, least, what, where in needs:
            if given < least:
                raise ShapeError(
                    f"{self.name} needs at least {least} {what}, not {given}, or its loss means nothing; raise {where}"
                )


def register(cls: type[Objective]) -> type[Objective]:
    """Class decorator: make an objective known by its ``name`` (a later one of the same name replaces it).

    Raises:
        ConfigError: a class variable that pages print is missing, or is none of those that they can.
    """
    facts.add(cls)
    return cls


def full_precision(value: Tensor) -> Tensor:
    """Half-precision tensors as float32, all others as they are."""
    return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value


ROLES = ("pull", "push", "reconstruct", "other")


@dataclass(frozen=True)
class Terms:
    """The parts of a loss, each a 0-d tensor in nats per datum (summed over views and dimensions, averaged over
    data).

    ``pull + push + reconstruct + other`` is the loss, exactly. ``extras`` are figures worth a curve (a temperature, a
    bound on mutual information); they take no part in the loss.
    """

    pull: torch.Tensor
    push: torch.Tensor
    reconstruct: torch.Tensor
    other: torch.Tensor
    extras: dict[str, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, like: torch.Tensor, extras: dict[str, torch.Tensor] | None = None, **roles: torch.Tensor) -> Terms:
        """Terms with the roles that are not named set to zero, on the device and of the type of ``like``."""
        zero = torch.zeros((), device=like.device, dtype=like.dtype)
        return cls(**(dict.fromkeys(ROLES, zero) | roles), extras=extras or {})

    @property
    def loss(self) -> torch.Tensor:
        """The scalar to minimise."""
        return self.pull + self.push + self.reconstruct + self.other

    def by_role(self) -> dict[str, torch.Tensor]:
        """``{role: value}`` in the order of :data:`ROLES`, detached."""
        return {role: getattr(self, role).detach() for role in ROLES}
