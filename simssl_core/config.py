"""Every setting, declared once: type, default, range, help text, and whether it may change while training.

The Train page's form, the shell's flags, the JSON in a checkpoint and the message for a bad value are all derived from
these declarations. An objective declares its own settings in its file, in a subclass of :class:`Settings`. No default
is repeated elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from simssl_core.errors import ConfigError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
SPRITE_FACTORS = ("shape", "x", "y", "scale", "rotation", "hue", "background", "line")


class Settings(BaseModel):
    """A frozen set of values that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(
    default: Any, help: str, *, live: bool = False, advanced: bool = False, step: float | None = None, **bounds
):
    """A field with its help text. ``live`` settings may change while a run trains; ``bounds`` are pydantic's.

    Forms hide ``advanced`` settings at first; ``step`` is the increment of a form's number field.
    """
    extra = {"live": live, "advanced": advanced, "step": step}
    return Field(default, description=help, json_schema_extra=extra, **bounds)


class DataConfig(Settings):
    name: str = setting("sprites", "Data set, by its name in the catalog.")
    path: str | None = setting(None, "Your own data: a folder of images (sub-folders are labels) or a parquet file.")
    root: str | None = setting(
        None, "Folder that holds downloaded data sets; by default SIMSSL_DATA or ~/.cache/simssl."
    )
    train: int = setting(10_000, "Training images kept at most.", ge=64, le=1_000_000)
    test: int = setting(2_000, "Held-out images kept at most.", ge=64, le=200_000)
    seed: int = setting(0, "Seed of the procedural data and of every subset drawn.", ge=0, le=2**31 - 1, advanced=True)


class ViewConfig(Settings):
    """How the J views of a datum are made: photographs are augmented, sprites are drawn again."""

    count: int = setting(2, "Views of each datum (J).", ge=2, le=16)
    shared: tuple[str, ...] = setting(
        ("shape",), "Sprites: the factors that all views of a datum share (its content); the rest is style."
    )
    crop_min: float = setting(0.4, "Smallest share of the image's area that a crop keeps.", gt=0, le=1)
    crop_max: float = setting(1.0, "Largest share of the image's area that a crop keeps.", gt=0, le=1)
    ratio: float = setting(1.3, "Widest aspect ratio of a crop; the narrowest is 3/4.", ge=1, le=3, advanced=True)
    hflip: float = setting(0.0, "Chance of a left-right flip.", ge=0, le=1)
    vflip: float = setting(0.5, "Chance of an upside-down flip.", ge=0, le=1)
    rotation: float = setting(0.0, "Largest rotation either way, in degrees.", ge=0, le=180)
    brightness: float = setting(0.0, "Brightness is multiplied by 1 ± this.", ge=0, le=1)
    contrast: float = setting(0.0, "Contrast is multiplied by 1 ± this.", ge=0, le=1)
    saturation: float = setting(0.0, "Saturation is multiplied by 1 ± this (colour images).", ge=0, le=1)
    hue: float = setting(0.0, "Hue is turned by up to this share of the colour circle (colour images).", ge=0, le=0.5)
    greyscale: float = setting(0.0, "Chance that colour is dropped.", ge=0, le=1)
    noise: float = setting(0.0, "Standard deviation of Gaussian pixel noise.", ge=0, le=0.5)
    binarise: bool = setting(False, "Round pixels to black or white (Bernoulli likelihood).")

    @field_validator("shared")
    @classmethod
    def _known_factors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(SPRITE_FACTORS))
        if unknown:
            raise ValueError(f"unknown factor {', '.join(unknown)}; known: {', '.join(SPRITE_FACTORS)}")
        if not value:
            raise ValueError("at least one factor must be shared, or the views have nothing in common")
        return tuple(factor for factor in SPRITE_FACTORS if factor in value)

    @model_validator(mode="after")
    def _ordered(self) -> ViewConfig:
        if self.crop_min > self.crop_max:
            raise ValueError(f"crop_min {self.crop_min} is above crop_max {self.crop_max}")
        return self


class ModelConfig(Settings):
    encoder: Literal["mlp", "convnet", "resnet18"] = setting("convnet", "Encoder; its decoder is the mirror image.")
    width: int = setting(16, "Width D of the representation.", ge=2, le=1024)
    channels: int = setting(32, "Channels of the first convolution (ConvNet, ResNet).", ge=8, le=128, advanced=True)
    hidden: tuple[int, ...] = setting(
        (500, 500, 2000), "Hidden layers of the MLP.", advanced=True, min_length=1, max_length=16
    )

    @field_validator("hidden")
    @classmethod
    def _possible_layers(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= width <= 16_384 for width in value):
            raise ValueError("each hidden layer must be 1 to 16384 wide")
        return value


class TrainConfig(Settings):
    steps: int = setting(2_000, "Steps to train for.", ge=1, le=10_000_000)
    seconds: float | None = setting(None, "Stop after this many seconds of training, if sooner.", gt=0, le=1e7)
    batch: int = setting(128, "Data per step; each is seen in J views.", ge=2, le=16_384)
    learning_rate: float = setting(1e-3, "Adam's learning rate.", gt=0, le=1, live=True, step=1e-5)
    weight_decay: float = setting(0.0, "Decoupled weight decay.", ge=0, le=1, advanced=True)
    warmup: int = setting(
        100, "Steps over which the learning rate rises to its value.", ge=0, le=100_000, advanced=True
    )
    seed: int = setting(0, "Seed of weights, batches and views.", ge=0, le=2**31 - 1)
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", advanced=True)
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto", "Arithmetic; auto takes bf16 where the device has it.", advanced=True
    )
    threads: int = setting(0, "CPU threads; 0 leaves one core free for the page.", ge=0, le=256, advanced=True)
    probe_share: float = setting(
        0.08, "Share of the training time spent on live probes and maps.", ge=0, le=0.5, advanced=True
    )
    probe_images: int = setting(
        1_000, "Images a live probe learns from, and as many it is tested on.", ge=100, le=10_000, advanced=True
    )
    map_points: int = setting(1_000, "Images in the moving map.", ge=100, le=20_000, advanced=True)
    checkpoint_seconds: float = setting(20.0, "Seconds between checkpoints.", gt=0, le=86_400, advanced=True)


class Member(Settings):
    """One member of a race: an objective, its settings that differ from the defaults, and its label in the race."""

    objective: str
    settings: dict[str, float | int | str | bool] = Field(default_factory=dict)
    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        value = {"objective": value} if isinstance(value, str) else dict(value)
        value["label"] = value.get("label") or value.get("objective", "")
        return value

    @field_validator("label")
    @classmethod
    def _plain_label(cls, value: str) -> str:
        return check_name(value, "label")


class RunConfig(Settings):
    """A race: one or more objectives trained side by side on the same views."""

    name: str = setting("", "Name of the race; its runs are called <name>-<label>. Empty: made from the data and time.")
    data: DataConfig = DataConfig()
    views: ViewConfig = ViewConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    members: tuple[Member, ...] = Field(min_length=1, max_length=32, description="The objectives that race.")

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        return check_name(value, "name") if value else value

    @model_validator(mode="after")
    def _distinct(self) -> RunConfig:
        labels = [member.label for member in self.members]
        repeated = sorted({label for label in labels if labels.count(label) > 1})
        if repeated:
            raise ValueError(f"two members are both called {', '.join(repeated)}; give each its own label")
        return self

    def run_name(self, label: str) -> str:
        """The folder name of one member's run."""
        return f"{self.name}-{label}"


def check_name(value: str, what: str = "name") -> str:
    """Return ``value`` if it can be the name of a folder: at most 80 letters, digits and ``. _ -``.

    Raises:
        ValueError: it cannot.
    """
    if not NAME.fullmatch(value):
        raise ValueError(
            f"{what} {value!r} may only have letters, digits, '.', '_' and '-', start with a letter or digit, "
            "and be at most 80 long"
        )
    return value


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], values: Mapping[str, Any] | str | bytes, where: str = "") -> Model:
    """Validate ``values`` (a mapping, or JSON text) as ``model``.

    Raises:
        ConfigError: names each bad field, what is wrong with it and the value given; ``where`` introduces the message.
    """
    try:
        if isinstance(values, (str, bytes)):
            return model.model_validate_json(values)
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where or model.__name__}: {_plain(error, model)}") from error


def _plain(error: ValidationError, model: type[BaseModel]) -> str:
    """Pydantic's errors as one sentence: for each field its path, the problem and the value given."""
    problems = []
    for item in error.errors():
        field_path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            problems.append(f"'{field_path}' is not a setting here; settings: {', '.join(model.model_fields)}")
            continue
        given = f" (given: {str(item['input'])[:80]!r})" if item["type"] != "missing" else ""
        prefix = f"{field_path}: " if field_path else ""
        problems.append(f"{prefix}{item['msg'].removeprefix('Value error, ')}{given}")
    return "; ".join(problems)
