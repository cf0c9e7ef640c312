"""What holds for every objective there is, found through the registry; a new one is tested here by being registered."""

from __future__ import annotations

import ast
import copy
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load, save
from torch import nn

from simssl_core import objectives
from simssl_core.config import ModelConfig, Settings, setting
from simssl_core.data import catalog
from simssl_core.errors import ConfigError, ShapeError
from simssl_core.objectives import ROLES, Context, Objective, Terms, facts
from tests.objectives.small_worlds import context, make_views, small, train

NAMES = objectives.names()
KINDS = [objectives.get(name) for name in NAMES]
FOLDER = Path(objectives.__file__).parent
every = pytest.mark.parametrize("name", NAMES)


def test_every_file_is_one_objective_in_its_familys_folder():
    """The folders are the list: each file registers one objective, which has the file's name and the folder's family,
    and none of those that were there from the start is missing."""
    files = {(path.parent.name, path.stem) for path in FOLDER.glob("*/*.py")}
    files = {(family, name) for family, name in files if name not in ("__init__", "base")}
    assert files == {(kind.family, kind.name) for kind in KINDS}
    assert {kind.__module__ for kind in KINDS} == {f"{objectives.__name__}.{family}.{name}" for family, name in files}
    assert len(KINDS) >= 23 and {family for family, _ in files} == set(facts.FAMILIES)


def test_they_are_listed_family_by_family():
    assert [kind.family for kind in KINDS] == sorted((kind.family for kind in KINDS), key=facts.FAMILIES.index)
    for family in facts.FAMILIES:
        listed = [kind.name for kind in KINDS if kind.family == family]
        assert listed == sorted(listed)


@every
def test_what_is_read_without_torch_is_what_the_class_says(name):
    """Facts come from the source text until the class is there: the two must agree in every one."""
    kind, told = objectives.get(name), facts._in_files()[name]
    assert {field: getattr(told, field) for field in facts.FIELDS} == {f: getattr(kind, f) for f in facts.FIELDS}


def test_facts_are_there_without_torch():
    code = (
        "import sys; from simssl_core import objectives; from simssl_core.objectives import facts\n"
        "print(*objectives.names(), 'torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [*NAMES, "False"]


def test_a_computed_fact_is_refused_with_how_to_mend_it():
    node = ast.parse("class New:\n    title = 'New'\n    colour = PALETTE[0]").body[0]
    with pytest.raises(ConfigError, match=r"New\.colour \(line 3.*write its value out"):
        facts._literals(node)


def test_a_unit_and_a_prediction_belong_to_each_family():
    """Only what is summed over views may be laid beside each other; of references nothing is predicted."""
    for kind in KINDS:
        assert (kind.unit == "nats per datum") == (kind.family == "generative")
        assert kind.keeps == {"generative": "all", "discriminative": "shared", "reference": ""}[kind.family]
        assert not kind.vae_baseline or kind.has_decoder
    for family in ("generative", "discriminative"):
        (typical,) = [kind for kind in KINDS if kind.family == family and kind.typical]
        assert typical.first_race


def test_recommended_settings_are_settings_and_belong_to_data_sets():
    for kind in KINDS:
        for key, values in kind.recommended.items():
            data, plus, factor = key.partition("+")
            assert not plus or factor in catalog.info(data).factors
            assert data in catalog.names() and kind.Config(**values)
        assert kind.Config(**kind.published)


@every
@pytest.mark.parametrize("views", [2, 3, 8])
def test_terms_are_finite_scalars_and_only_named_roles_are_used(name, views):
    objective = small(name)
    terms = objective(make_views(views))
    for role in ROLES:
        value = getattr(terms, role)
        assert value.shape == () and value.isfinite() and value.dtype == torch.float32
        assert role in objective.roles or role == "other" or value == 0, f"{role} is used and not explained"
    total = torch.stack(list(terms.by_role().values())).double().sum().float()
    torch.testing.assert_close(terms.loss.detach(), total, rtol=1e-6, atol=1e-6)
    assert all(v.shape == () and v.isfinite() and not v.requires_grad for v in terms.extras.values())


@every
def test_it_explains_itself(name):
    cls = objectives.get(name)
    assert cls.title and cls.formula and set(cls.roles) <= set(ROLES)
    for sentence, latex in cls.roles.values():
        assert sentence.endswith(".") and latex.count("{") == latex.count("}") and not re.search(r"[σ²τẑ]", latex)
    module = ast.parse(Path(__import__(cls.__module__, fromlist=["x"]).__file__).read_text())
    doc = ast.get_docstring(module)
    assert "Source:" in doc or cls.family == "reference"
    assert all(field.description.endswith(".") for field in cls.Config.model_fields.values())


@every
def test_its_file_is_short(name):
    source = Path(__import__(objectives.get(name).__module__, fromlist=["x"]).__file__).read_text()
    doc = ast.get_docstring(ast.parse(source), clean=False)
    assert len(source.splitlines()) - len(doc.splitlines()) < 100


@every
def test_gradients_are_finite_and_every_learnable_weight_gets_one(name):
    objective = small(name)
    train(objective, 5)  # deep_cluster has clusters then
    objective.zero_grad()
    objective(make_views()).loss.backward()
    missing = [n for n, p in objective.named_parameters() if p.requires_grad and p.grad is None]
    assert not missing
    assert all(p.grad.isfinite().all() for p in objective.parameters() if p.grad is not None)
    learned = any(p.grad is not None and p.grad.any() for p in objective.encoder.parameters())
    assert learned or is_frozen(objective)


def is_frozen(objective: Objective) -> bool:
    """Whether nothing is trained: a reference may be so, and only with every weight held fixed."""
    return objective.family == "reference" and not any(p.requires_grad for p in objective.parameters())


@pytest.mark.parametrize("name", [n for n in NAMES if not objectives.get(n).stops_gradient and not is_frozen(small(n))])
def test_the_gradient_is_the_slope(name):
    """A step along a random direction in weight space changes the loss as the gradient says, in float64."""
    objective = small(name)
    train(objective, 5)
    objective.double().eval()
    batch = make_views(3, dtype=torch.float64)

    def loss() -> torch.Tensor:
        torch.manual_seed(1)
        return objective(batch).loss

    weights = [p for p in objective.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(loss(), weights)
    directions = [torch.randn_like(p) for p in weights]
    expected = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    step, values = 1e-7, []
    with torch.no_grad():
        for sign in (1, -2):
            torch._foreach_add_(weights, directions, alpha=sign * step)
            values.append(loss())
    torch.testing.assert_close((values[0] - values[1]) / (2 * step), expected, rtol=1e-4, atol=1e-5)


@every
def test_permuting_the_data_changes_nothing(name, no_noise):
    objective = small(name)
    train(objective, 5)
    objective.double()
    batch, order = make_views(3, dtype=torch.float64), torch.tensor([3, 0, 5, 1, 4, 2])
    moved = replace(
        batch,
        images=batch.images[:, order],
        index=batch.index[order],
        labels=batch.labels[order],
        tokens=batch.tokens[order],
    )
    values = []
    for views in (batch, moved):
        torch.manual_seed(0)
        values.append(objective(views))
    for role in ROLES:
        torch.testing.assert_close(*(getattr(v, role) for v in values), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind.symmetric and not kind.needs_captions])
def test_swapping_the_views_changes_nothing(name, no_noise):
    objective = small(name)
    train(objective, 5)
    objective.double()
    batch = make_views(3, dtype=torch.float64)
    values = []
    for images in (batch.images, batch.images[[2, 0, 1]]):
        torch.manual_seed(0)
        values.append(objective(replace(batch, images=images)).loss)
    torch.testing.assert_close(*values, rtol=1e-9, atol=1e-9)


@every
def test_resume_is_bit_equal(name):
    """Three steps, everything written and read back as safetensors, three more: as six without a pause."""
    objective = small(name, seed=1)
    optimizer = train(objective, 3)
    written = save({k: v.contiguous() for k, v in objective.state_dict().items()})
    moments, stream = copy.deepcopy(optimizer.state_dict()), torch.get_rng_state()
    train(objective, 3, optimizer, first=3)

    again = small(name, seed=2)
    again.load_state_dict(load(written))
    other = torch.optim.Adam(again.parameters(), lr=1e-2)
    other.load_state_dict(moments)
    torch.set_rng_state(stream)
    train(again, 3, other, first=3)
    for key, value in objective.state_dict().items():
        assert torch.equal(value, again.state_dict()[key]), key


@every
def test_looking_in_changes_nothing_and_has_the_shapes_promised(name):
    objective = small(name)
    train(objective, 2)
    objective.eval()
    before = {k: v.clone() for k, v in objective.state_dict().items()}
    images = make_views(seed=9).images[0]
    h, layers = objective.encode(images), objective.layers(images)
    assert h.shape == (6, 4) and list(layers)[:2] == ["backbone", "representation"]
    assert torch.equal(layers["representation"], h) and all(v.ndim == 2 and len(v) == 6 for v in layers.values())
    assert ("projection" in layers) == (objective.family == "discriminative")
    posterior, decoded = objective.posterior(images), objective.decode(h)
    assert (decoded is not None) == objective.has_decoder == (objective.family == "generative")
    if decoded is not None:
        assert decoded.shape == images.shape and decoded.min() >= 0 and decoded.max() <= 1
    if posterior is not None:
        assert torch.equal(posterior[0], h) and posterior[1].shape == h.shape
    objective(make_views(seed=9))
    assert all(torch.equal(v, before[k]) for k, v in objective.state_dict().items() if "running" not in k)


@every
def test_half_precision_networks_keep_a_full_precision_loss(name):
    objective = small(name, model=ModelConfig(encoder="convnet", width=4, channels=8))
    train(objective, 5)
    objective.eval()
    torch.manual_seed(0)
    full = objective(make_views()).loss
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        half = objective(make_views())
    assert all(getattr(half, role).dtype == torch.float32 for role in ROLES)
    torch.testing.assert_close(half.loss, full, rtol=0.05, atol=0.1)


@every
def test_the_context_rebuilds_it_without_the_data(name):
    objective = small(name)
    again = objectives.build(
        name, objective.settings.model_dump(), Context.model_validate_json(objective.context.model_dump_json())
    )
    shapes = [{k: v.shape for k, v in o.state_dict().items()} for o in (objective, again)]
    assert shapes[0] == shapes[1]


@every
def test_live_settings_change_within_their_range_and_others_do_not(name):
    objective, before = small(name), None
    for live in objective.live():
        field = type(objective.settings).model_fields[live]
        value = 0.5 * getattr(objective.settings, live) or 0.25
        before = objective.settings
        objective.change(**{live: value})
        assert getattr(objective.settings, live) == value != getattr(before, live)
        with pytest.raises(ConfigError, match=live):
            objective.change(**{live: -1e9})
        assert getattr(objective.settings, live) == value and field.json_schema_extra["live"]
    fixed = [n for n in type(objective.settings).model_fields if n not in objective.live()]
    with pytest.raises(ConfigError, match="cannot change while training"):
        objective.change(**{(fixed or ["nothing"])[0]: 1})
    with pytest.raises(ValidationError):
        objective.settings.anything = 1
    assert objective(make_views()).loss.isfinite()


@pytest.mark.parametrize("name", [n for n in NAMES if objectives.get(n).least_batch > 1])
def test_one_datum_is_refused_where_the_loss_compares_data(name):
    with pytest.raises(ShapeError, match=rf"{name} needs at least 2 data in a batch, not 1.*raise train.batch"):
        small(name)(make_views(batch=1))


@pytest.mark.parametrize("name", [n for n in NAMES if objectives.get(n).least_batch == 1])
def test_one_datum_is_enough_for_the_rest(name):
    assert small(name)(make_views(batch=1)).loss.isfinite()


@pytest.mark.parametrize("name", [n for n in NAMES if objectives.get(n).least_views > 1])
def test_one_view_is_refused_where_the_loss_compares_views(name):
    with pytest.raises(ShapeError, match=r"2 views of each datum, not 1.*raise views.count"):
        small(name)(make_views(1))


@every
def test_foreign_images_are_refused(name):
    with pytest.raises(ShapeError, match=r"reads views \(J, B, 1, 8, 8\), not"):
        small(name)(make_views(shape=(3, 8, 8)))


def test_unknown_names_and_bad_settings_are_refused_in_plain_words():
    with pytest.raises(ConfigError, match=r"no objective is called 'simclt'; did you mean simclr\?.*vicreg"):
        objectives.get("simclt")
    with pytest.raises(ConfigError, match=r"simvae.*sigma2"):
        objectives.build("simvae", {"sigma2": -1}, context())
    with pytest.raises(ConfigError, match=r"simvae.*'tau' is not a setting here; settings: .*sigma2"):
        objectives.build("simvae", {"tau": 1}, context())


@pytest.fixture
def from_outside():
    """An objective that is not part of the project, registered for one test."""

    class NudgeConfig(Settings):
        strength: float = setting(2.0, "How hard views are pulled together.", live=True, ge=0, le=10)

    @objectives.register
    class Nudge(Objective):
        name = "nudge"
        title = "Nudge"
        family = "discriminative"
        formula = r"s\lVert h^a - h^b\rVert^2 - \log\mathrm{det}"
        roles = {"pull": ("Views agree.", "a"), "push": ("Data spread.", "b")}
        Config = NudgeConfig
        least_batch = 2

        def __init__(self, settings, context):
            super().__init__(settings, context)
            from simssl_core.models import encoders

            self.encoder = encoders.build(context.model, context.shape, context.model.width)
            self.register_buffer("steps", torch.zeros(()))
            self.scale = nn.Parameter(torch.ones(()))

        def networks(self, views):
            return {"h": self.encoder(views.images.flatten(0, 1)).unflatten(0, views.images.shape[:2])}

        def terms(self, views, h):
            pull = self.settings.strength * h.var(0).mean()
            return Terms.of(h, pull=pull, push=self.scale * (1 - h.std(1)).relu().mean())

        def after_step(self, step, total):
            self.steps.add_(1)

    yield Nudge
    del facts.REGISTERED["nudge"]


def test_an_objective_from_outside_trains_like_any_other(from_outside):
    assert "nudge" in objectives.names() and objectives.get("nudge") is from_outside
    objective = small("nudge", settings={"strength": 3.0})
    before = objective(make_views()).loss.item()
    optimizer = train(objective, 30)
    assert objective.steps == 30 and objective(make_views()).loss.item() < before
    objective.change(strength=0.0)
    assert objective(make_views()).pull == 0
    train(objective, 2, optimizer, first=30)
    test_resume_is_bit_equal("nudge")
    test_terms_are_finite_scalars_and_only_named_roles_are_used("nudge", 3)


def test_registry_forgets_what_a_test_registered():
    assert "nudge" not in objectives.names()
