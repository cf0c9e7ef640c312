"""The playground's JavaScript, run in the browser, against autograd of the objectives' own code."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest
import torch

from pages.components.modules import bundled
from pages.theory_parts import playground
from simssl_core import objectives
from simssl_core.evaluation import geometry
from simssl_core.functional import gaussians
from simssl_core.objectives.discriminative.alignment_uniformity import uniformity
from simssl_core.objectives.discriminative.byol import byol_loss
from simssl_core.objectives.discriminative.lejepa import sigreg
from simssl_core.objectives.discriminative.simclr import nt_xent
from simssl_core.objectives.discriminative.vicreg import vicreg_parts
from simssl_core.objectives.generative.base import gaussian_nats
from simssl_core.objectives.generative.simvae import shared_content_parts
from tests.browser.conftest import ROOT

FOLDER = ROOT / "pages" / "components" / "playground"
IMPORT = """async (text) => {
  const address = URL.createObjectURL(new Blob([text], {type: "text/javascript"}));
  Object.assign(window, (await import(address)).default);
}"""
ASK = """([name, C, settings]) => {
  for (const key of ["z", "v", "x", "t"]) C[key] = Float64Array.from(C[key]);
  const terms = OBJECTIVES[name](C, settings);
  const plain = (t) => ({value: t.value, z: [...t.z], v: [...t.v]});
  return Object.fromEntries(Object.entries(terms).map(([role, t]) => [role, plain(t)]));
}"""
CASES = [
    ("simvae", {"sigma2": 0.08, "prior": "uniform", "gamma2": 1.0, "entropy_weight": 1.0}),
    ("simvae", {"sigma2": 0.3, "prior": "gaussian", "gamma2": 0.7, "entropy_weight": 2.5}),
    ("vae", {}),
    ("simclr", {"temperature": 0.2}),
    ("alignment_uniformity", {"alignment": 1.5, "uniformity": 0.5, "t": 3.0}),
    ("vicreg", {"invariance": 25.0, "variance": 20.0, "covariance": 3.0, "gamma": 1.2}),
    ("lejepa", {"lambda_": 0.3}),
    ("byol", {"momentum": 0.9}),
]
DECODER = {"decoder_variance": 0.1, "reconstruction_weight": 1.5}


@pytest.fixture(scope="module")
def script(browser):
    """A blank page that knows what the playground's modules export."""
    page = browser.new_page()
    for name in ("math", "world"):
        page.evaluate(IMPORT, bundled(FOLDER / f"{name}.js"))
    yield page
    page.close()


def signs(views: int) -> torch.Tensor:
    """ε of ±1 in every combination, (2^2J, J, 1, 2): their mean is the exact one of anything quadratic."""
    return torch.tensor(list(itertools.product((-1.0, 1.0), repeat=2 * views))).double().reshape(-1, views, 1, 2)


def mean_over_q(function, z: torch.Tensor, v: torch.Tensor):
    """E_q of ``function`` of samples, for log-variances v."""
    found = [function(z + (v / 2).exp() * e) for e in signs(len(z))]
    return [sum(parts) / len(found) for parts in zip(*found, strict=True)]


def reference(name: str, s: SimpleNamespace, z, v, x, t) -> dict[str, torch.Tensor]:
    """Each role's term by the objectives' own functions."""
    if name in ("simvae", "vae"):
        as_images = lambda p: p[..., None, None]  # (J, N, 2) → (J, N, 2, 1, 1)  # noqa: E731
        log_variance = math.log(s.decoder_variance)
        decode = lambda p: (gaussian_nats(as_images(x), as_images(p), log_variance).sum(0).mean(),)  # noqa: E731
        reconstruct = s.reconstruction_weight * mean_over_q(decode, z, v)[0]
        if name == "vae":
            return {"push": gaussians.kl_standard(z, v).sum(0).mean(), "reconstruct": reconstruct}
        double = lambda p: [torch.as_tensor(c, dtype=torch.double) for c in shared_content_parts(p, s)]  # noqa: E731
        parts = mean_over_q(double, z, v)
        push = parts[1] - s.entropy_weight * gaussians.entropy(v).sum(0).mean()
        return {"pull": parts[0], "push": push, "reconstruct": reconstruct, "other": parts[2]}
    if name == "vicreg":
        invariance, variance, covariance = vicreg_parts(z, s.gamma)
        return {"pull": s.invariance * invariance, "push": s.variance * variance + s.covariance * covariance}
    if name == "simclr":
        return dict(zip(("pull", "push"), nt_xent(z, s.temperature), strict=True))
    if name == "byol":
        return {"pull": byol_loss(z, t)}
    if name == "lejepa":
        angles = torch.arange(16).double() * torch.pi / 16
        slices = torch.stack([angles.cos(), angles.sin()])
        pull = (1 - s.lambda_) * gaussians.spread(z).mean() / (z.shape[0] * z.shape[-1])
        return {"pull": pull, "push": s.lambda_ * sigreg(z, slices)}
    p = torch.nn.functional.normalize(z, dim=-1)
    pairs = [(p[a] - p[b]).square().sum(-1).mean() for a in range(len(p)) for b in range(len(p)) if a != b]
    return {"pull": s.alignment * sum(pairs) / len(pairs), "push": s.uniformity * uniformity(p, s.t).mean()}


def world(views: int, data: int, seed: int = 3) -> list[torch.Tensor]:
    """z, log-variances, images and a slow copy, (J, N, 2) each."""
    generator = torch.Generator().manual_seed(seed)
    z, v, x, t = torch.randn(4, views, data, 2, generator=generator, dtype=torch.double)
    return [z, 0.5 * v - 2, x, t]


def sent(z, v, x, t) -> dict:
    named = {"z": z, "v": v, "x": x, "t": t}
    return {"J": len(z), "N": z.shape[1]} | {key: value.detach().flatten().tolist() for key, value in named.items()}


@pytest.mark.parametrize("views, data", [(2, 5), (3, 4)])
@pytest.mark.parametrize("name, settings", CASES)
def test_values_and_gradients_are_those_of_the_objective(script, name, settings, views, data):
    z, v, x, t = world(views, data)
    z.requires_grad_(), v.requires_grad_()
    settings = settings | (DECODER if name in ("simvae", "vae") else {})
    found = script.evaluate(ASK, [name, sent(z, v, x, t), settings])
    wanted = reference(name, SimpleNamespace(**settings), z, v, x, t)
    assert set(found) == set(wanted)
    moved = 0.0
    for role, term in wanted.items():
        assert found[role]["value"] == pytest.approx(term.item(), rel=1e-9, abs=1e-9), role
        if not term.requires_grad:
            continue
        grads = torch.autograd.grad(term, (z, v), retain_graph=True, allow_unused=True)
        for key, grad, like in zip("zv", grads, (z, v), strict=True):
            grad = torch.zeros_like(like) if grad is None else grad
            got = torch.tensor(found[role][key]).double().reshape(like.shape)
            torch.testing.assert_close(got, grad, rtol=1e-7, atol=1e-9, msg=f"{name} {role} d/d{key}")
            moved += grad.abs().sum().item()
    assert moved > 0, "a case in which nothing pulls and nothing pushes proves nothing"


def test_every_objective_of_the_playground_is_checked(script):
    assert set(script.evaluate("() => Object.keys(OBJECTIVES)")) == {name for name, _ in CASES}
    assert {name for name, _ in CASES} == set(playground.KNOBS) <= set(objectives.names())


def test_measures_are_those_of_the_evaluation(script):
    z, *rest = world(3, 6)
    ask = "([C]) => { for (const k of ['z','v','x','t']) C[k] = Float64Array.from(C[k]); return measures(C, C.z); }"
    found = script.evaluate(ask, [sent(z, *rest)])
    assert found["share"] == pytest.approx(geometry.style_share(z.numpy()), rel=1e-9)
    assert found["rank"] == pytest.approx(geometry.effective_rank(z.reshape(-1, 2).numpy()), rel=1e-9)


RUN = """([name, settings, off, tied, steps]) => {
  const C = makeCloud(4, 8, 7), out = new Set(off);
  place(C, name, tied);
  const first = measures(C, C.z), before = forces(C, name, settings, out).total.value;
  for (let k = 0; k < steps; k++) step(C, name, settings, out, tied, 1);
  return {first, last: measures(C, C.z), before, after: forces(C, name, settings, out).total.value};
}"""
STARTS = {name: playground.starts(name) for name in playground.KNOBS}


WAYS = [(name, tied) for name in STARTS for tied in (False, True) if (name, tied) != ("byol", True)]  # a moving target


@pytest.mark.parametrize("name, tied", WAYS)
def test_steps_go_downhill(script, name, tied):
    run = script.evaluate(RUN, [name, STARTS[name], [], tied, 300])
    assert run["after"] < run["before"]


def test_what_the_page_says_happens(script):
    def run(name, off, tied, **more):
        return script.evaluate(RUN, [name, STARTS[name] | more, off, tied, 800])

    contrastive, kept = run("simclr", [], False)["last"], run("simvae", [], False)
    assert contrastive["share"] < 0.01, "free points under SimCLR: the views coincide"
    assert kept["last"]["share"] > 0.3 * kept["first"]["share"], "SimVAE with its decoder keeps style"
    assert run("simvae", ["reconstruct"], False)["last"]["share"] < 0.01, "without it style goes here too"
    collapsed = run("vicreg", ["push"], True)
    assert collapsed["last"]["spread"] < 0.05 * collapsed["first"]["spread"], "one map and no push: a single point"
    assert run("vicreg", [], True)["last"]["spread"] > 0.5, "with the push it stays wide"
