"""The command: its arguments, the new process that it starts, and every part at a tiny size."""

import argparse
import json
import sys

import pytest
import torch

from simssl_core import bench
from simssl_core.bench import data_path, everything, gpu, machine, probes, report, steps, workload
from simssl_core.bench.interleave import Plan, Rates
from simssl_core.errors import ConfigError
from simssl_core.models import heads
from simssl_core.objectives.base import Terms
from simssl_core.runtime import processes

ONCE = Plan(rounds=1, seconds=0.0, units=1, lead=0)
TINY = everything.Lengths(ONCE, ONCE, ONCE, ONCE, 1.0)


@pytest.fixture
def tiny(monkeypatch):
    """Every part at its smallest, with tiny models."""
    threads = torch.get_num_threads()
    small = {"mnist": {"hidden": (8,), "width": 2}, "cifar10": {"channels": 8, "width": 2}}

    def published(name, device="cpu", images=64, **train):
        train["batch"] = min(train.get("batch", 8), 16)
        return workload.published(name, device, 64, **{**train, "model": small[name]})

    for module in (steps, data_path, gpu):
        monkeypatch.setattr(module, "published", published)
    monkeypatch.setattr(data_path, "LARGE", 16)
    monkeypatch.setattr(everything, "QUICK", TINY)
    monkeypatch.setattr(gpu, "SIZE", 64)
    yield
    torch.set_num_threads(threads)


def test_an_unknown_part_is_refused_with_a_list_of_the_parts(capsys):
    with pytest.raises(ConfigError, match="mnist, cifar, data, probes, gpu"):
        bench.parts("mnist,speed")
    assert bench.main(["--only", "speed"]) == 2
    assert "speed" in capsys.readouterr().err
    assert bench.parts(" data , gpu") == ("data", "gpu")


def test_the_command_runs_again_in_a_process_with_passive_waiting_before_torch_is_imported(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    started = {}

    class Child:
        def __init__(self, command, env, start_new_session):
            started.update(command=command, env=env, own_session=start_new_session)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def wait(self):
            return 5

    monkeypatch.setattr(processes.subprocess, "Popen", Child)
    assert bench.main(["--quick", "--only", "data"]) == 5
    python, *arguments = started["command"]
    assert python == sys.executable
    assert arguments == ["-P", "-m", "simssl_core.bench", "--quick", "--only", "data"]
    assert started["env"]["OMP_WAIT_POLICY"] == "PASSIVE"
    assert not started["own_session"]  # Ctrl-C must reach the child
    for name, value in started["env"].items():
        monkeypatch.setenv(name, value)
    assert bench.is_set()  # so that the second process does not start a third


def test_everything_at_a_tiny_size(tiny, monkeypatch):
    monkeypatch.setattr(probes, "run", lambda seconds: [])
    messages = []
    result = everything.run(bench.PARTS, quick=True, say=messages.append)
    assert [row["key"] for row in result["steps"]] == [item.key for item in steps.COMPARISONS]
    assert len(result["data"]) == 2 * len(data_path.PATHS)
    for row in result["steps"] + result["data"]:
        assert row["ours"] > 0 and row["theirs"] > 0
        assert row["ratio"] == pytest.approx(row["ours"] / row["theirs"])  # one round
        assert row["met"] == (None if row["aim"] is None else row["ratio"] >= row["aim"])
    assert all(row["share"] > 0 for row in result["steps"])
    assert len(messages) == 4
    for row in result["steps"] + result["data"]:
        assert row["title"] in result["text"]
    if not torch.cuda.is_available():
        assert result["gpu"] == [] and "GPU: none on this machine" in result["text"]
    json.dumps(result)


@pytest.mark.parametrize("options", [["--json"], []])
def test_the_command_prints_json_or_the_report(monkeypatch, capsys, options):
    monkeypatch.setattr(bench, "is_set", lambda: True)
    monkeypatch.setattr(
        everything, "run", lambda only, quick, say: {"only": list(only), "quick": quick, "text": "a report"}
    )
    assert bench.main(["--quick", "--only", "mnist", *options]) == 0
    printed = capsys.readouterr().out
    if options:
        assert json.loads(printed) == {"only": ["mnist"], "quick": True}
    else:
        assert printed == "a report\n"


def test_the_gpu_part_counts_the_views_of_whole_steps(tiny):
    result = gpu.measure(gpu.SUBJECTS[0], Plan(rounds=2, seconds=0.0, units=2, lead=0), "cpu", peak=100.0)
    assert result["views_per_second"] > 0 and 0 < result["share"] < 1
    assert result["met"] == (result["views_per_second"] >= 1e6)
    assert "MNIST MLP" in report.gpu_line(result)


def test_a_real_race_is_measured_for_the_cost_of_its_probes(monkeypatch):
    monkeypatch.setenv("SIMSSL_MAP", "pca")
    monkeypatch.setattr(
        probes,
        "config_for",
        lambda data, seconds: probes.recommended(
            data,
            ["simvae"],
            data={"train": 128, "test": 128},
            model={"encoder": "mlp", "hidden": (16,), "width": 4},
            train={"steps": 40, "batch": 8, "probe_images": 100, "map_points": 100, "probe_share": 0.5},
        ),
    )
    threads = torch.get_num_threads()
    result = probes.measure("digits", "digits", 1.0)
    torch.set_num_threads(threads)
    assert result["seconds"] > 0
    assert result["share"] == pytest.approx(sum(result["parts"].values()) / result["interval"], rel=1e-3, abs=1e-9)
    assert "digits" in report.probe_line(result)


def test_the_probe_summary_of_given_metrics():
    latest = {"probe_share": (9, 0.06), "probe_share_trainer": (9, 0.02), "probe_share_evaluator": (9, 0.04)}
    latest["probe_share_map"] = (9, 0.03)
    result = probes.summary("x", 50.0, latest, 5, 11.0)
    assert result["interval"] == 10.0
    assert result["cost"] == pytest.approx(0.6)
    assert {name: round(seconds, 9) for name, seconds in result["parts"].items()} == {
        "encoding": 0.2,
        "probes": 0.1,
        "map": 0.3,
    }
    assert result["share"] < result["aim"]
    assert "without the map 3.0%" in report.probe_line(result)
    assert "6.0%" in report.probe_line(result) and " below 10%" in report.probe_line(result)


def test_operations_are_counted_forward_and_backward():
    class Linear(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = heads.projector(20, 0, 30, layers=1)

        def forward(self, x):
            return Terms.of(x, other=self.head(x).sum())

    x = torch.ones(10, 20, requires_grad=True)
    assert machine.flops(Linear(), x) == 3 * 2 * 10 * 20 * 30  # forward, and both gradients


def test_the_matrix_rate_is_a_rate():
    assert 0.01 < machine.matmul_rate(size=64, repeats=3) < 1e6


@pytest.mark.parametrize(
    ("value", "shown"), [(0.12345, "0.123"), (12.34, "12.3"), (999.4, "999"), (1234.0, "1,230"), (98765.0, "98,800")]
)
def test_numbers_are_shown_with_three_digits(value, shown):
    assert report.number(value) == shown


def test_a_row_says_whether_its_aim_is_reached():
    rates = Rates({"ours": (30.0, 20.0, 40.0), "theirs": (10.0, 10.0, 10.0)})
    row = report.Row.of("k", "title", rates, aim=3.0).with_share(1e9, peak=60.0)
    assert (row.ratio, row.low, row.high, row.rounds) == (3.0, 2.5, 3.5, 3)
    assert row.share == pytest.approx(0.5)
    assert row.met and "aim 3× reached" in report.ratio_line(row)
    missed = report.Row.of("k", "title", rates, aim=3.1)
    assert not missed.met and "aim 3.1× missed" in report.ratio_line(missed)
    assert report.Row.of("k", "title", rates, aim=None).met is None


def test_the_arguments_can_be_added_to_another_parser():
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    arguments = parser.parse_args(["--json"])
    assert arguments.json and not arguments.quick and bench.parts(arguments.only) == bench.PARTS
