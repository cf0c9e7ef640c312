"""The command line: the help of every command, JSON output, exit codes, Ctrl-C."""

import io
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simssl_core import library
from simssl_core.cli import lab, main, options, parser, train
from simssl_core.errors import ConfigError
from simssl_core.storage.checkpoints import state_steps

PROJECT = Path(__file__).parents[1]
SMALL = [
    "--data",
    "digits",
    "--set",
    "data.train=256",
    "--set",
    "data.test=100",
    "--set",
    "model.hidden=24",
    "--width",
    "6",
    "--set",
    "train.batch=32",
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Maps without UMAP, whose compilation takes 10 s in each process."""
    monkeypatch.setenv("SIMSSL_MAP", "pca")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with two runs, trained by the command line."""
    root = tmp_path_factory.mktemp("runs")
    arguments = ["train", *SMALL, "--objectives", "vae,sharp=simclr", "--set", "sharp.temperature=0.1", "--steps", "20"]
    arguments += ["--set", "train.threads=1", "--name", "race", "--root", str(root), "--seed", "3"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMSSL_MAP", "pca")
        assert main(arguments) == 0
    return root


def test_train_makes_the_runs_that_the_options_describe(root):
    entries = {entry.label: entry for entry in library.runs(root)}
    assert set(entries) == {"vae", "sharp"}
    sharp = entries["sharp"]
    assert (sharp.run, sharp.objective, sharp.status, sharp.step) == ("race-sharp", "simclr", "finished", 20)
    assert sharp.config["members"][1]["settings"] == {"temperature": 0.1}
    assert sharp.config["train"]["seed"] == 3 and sharp.config["model"]["width"] == 6
    assert "mlp" in sharp.scores and library.map_info(sharp.run, root)["kinds"] == ["pca"]


def test_train_prints_exactly_one_json_document(tmp_path, capsys):
    arguments = [*SMALL, "--objectives", "vae", "--steps", "6", "--no-final", "--json", "--root", str(tmp_path)]
    assert main(["train", *arguments]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    member = result["members"]["vae"]
    assert result["status"] == "finished" and (result["step"], member["step"]) == (6, 6)
    assert {"scores", "seconds", "views_per_second", "folder", "objective"} <= set(member)
    assert Path(member["folder"]).is_dir() and "training" in printed.err


def test_seconds_alone_set_no_limit_on_steps():
    arguments = parser().parse_args(["train", "--data", "digits", "--objectives", "vae", "--seconds", "240"])
    config = train.configuration(arguments)
    assert config.train.seconds == 240 and config.train.steps == train.MANY
    both = parser().parse_args(["train", "--data", "digits", "--seconds", "240", "--steps", "9"])
    assert train.configuration(both).train.steps == 9


def test_what_two_views_share_can_be_set():
    arguments = parser().parse_args(["train", "--shared", "shape,hue", "--views", "3"])
    views = train.configuration(arguments).views
    assert views.shared == ("shape", "hue") and views.count == 3


def test_all_means_every_objective():
    from simssl_core import objectives

    arguments = parser().parse_args(["train", "--objectives", "all"])
    assert tuple(m.objective for m in train.configuration(arguments).members) == objectives.names()


@pytest.mark.parametrize(
    ("text", "section", "value"),
    [
        ("train.learning_rate=3e-4", "train", {"learning_rate": 3e-4}),
        ("views.shared=shape,hue", "views", {"shared": ["shape", "hue"]}),
        ("model.hidden=[64, 32]", "model", {"hidden": [64, 32]}),
        ("model.hidden=64,32", "model", {"hidden": [64, 32]}),
        ("views.binarise=true", "views", {"binarise": True}),
        ("data.path=/some/folder", "data", {"path": "/some/folder"}),
    ],
)
def test_set_reads_every_kind_of_value(text, section, value):
    assert options.assignments([text], ["vae"]) == ({section: value}, {})


def test_set_reaches_members_before_sections():
    sections, members = options.assignments(["vae.beta=2", "my.model.tau=0.1"], ["vae", "my.model"])
    assert sections == {} and members == {"vae": {"beta": 2}, "my.model": {"tau": 0.1}}
    with pytest.raises(ConfigError, match="neither a section nor a member"):
        options.assignments(["simclr.temperature=1"], ["vae"])


def test_evaluate_reads_and_saves(root, capsys):
    before = library.find("race-vae", root).scores
    assert main(["evaluate", "race-vae", "--root", str(root), "--json", "--device", "cpu"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["run"] == "race-vae" and "mlp" not in result["scores"]
    assert result["scores"]["linear"] == pytest.approx(before["linear"], abs=0.05)
    assert library.find("race-vae", root).scores == before
    assert main(["evaluate", str(root / "race-vae"), "--save", "--device", "cpu"]) == 0
    assert library.find("race-vae", root).folder == root / "race-vae"
    assert "linear" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["png", "html", "csv"])
def test_map_writes_pictures_pages_and_tables(root, tmp_path, capsys, ending):
    out = tmp_path / f"map.{ending}"
    assert main(["map", "race-vae", "--kind", "pca", "--out", str(out), "--root", str(root), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["file"] == str(out) and summary["step"] == 20
    assert summary["points"] == library.map_info("race-vae", root)["count"]
    start = {"png": b"\x89PNG", "html": b"<html", "csv": b"map_x"}[ending]
    content = out.read_bytes()[:200]
    assert content.startswith(start) if ending == "png" else start in content


def test_map_can_be_computed_again(root, tmp_path):
    out = tmp_path / "map.csv"
    arguments = ["map", "race-vae", "--kind", "pca", "--fresh", "--device", "cpu", "--out", str(out)]
    assert main([*arguments, "--root", str(root)]) == 0
    assert len(out.read_text().splitlines()) > 50


def test_list_names_objectives_data_and_runs(root, capsys):
    assert main(["list", "--root", str(root), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"simvae", "vae", "simclr", "vicreg", "random"} <= {o["name"] for o in result["objectives"]}
    here = {data["name"]: data["available"] for data in result["data"]}
    assert here["sprites"] and here["digits"] and "mnist" in here
    assert {run["run"] for run in result["runs"]} == {"race-vae", "race-sharp"}
    assert main(["list", "runs", "--root", str(root)]) == 0
    assert "race-sharp" in capsys.readouterr().out


@pytest.mark.parametrize("command", [(), ("train",), ("evaluate",), ("map",), ("bench",), ("list",), ("lab",)])
def test_help_is_complete(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([*command, "--help"])
    text = capsys.readouterr().out
    assert done.value.code == 0 and "usage: python -m simssl_core" in text
    actions = parser()._subparsers._group_actions[0].choices[command[0]]._actions if command else parser()._actions
    assert all(action.help for action in actions)


def test_ctrl_c_saves_and_a_second_command_resumes(tmp_path):
    """In a new process: exit code 130, a complete checkpoint, one JSON document; --resume continues from it."""
    small = [*SMALL, "--objectives", "vae", "--steps", "100000", "--set", "train.threads=1", "--no-final"]
    command = [sys.executable, "-m", "simssl_core", "train", *small, "--name", "r", "--json", "--root", str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, cwd=PROJECT, **pipes)
    end = time.monotonic() + 90
    while not (tmp_path / "r-vae" / "run.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=60)
    assert child.returncode == 130, error
    assert json.loads(out)["status"] == "stopped" and "Traceback" not in error
    step = json.loads(out)["step"]
    assert state_steps(tmp_path / "r-vae")[-1] == step > 0
    config, race_file = train._resumed("r", str(tmp_path))  # resumed in this process, for three more steps
    reports = train.session.run_race(config, tmp_path, race_file=race_file, resume=True, final=False)
    steps = [next(reports).step for _ in range(4)]
    reports.close()
    assert steps[-1] > step
    assert library.find("r-vae", tmp_path).status == "stopped"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "0"], "1 to 65535"),
        (["--port", "99999"], "1 to 65535"),
        (["--", "--server.port", "9"], "before the --"),
        (["--", "--server.port=9"], "before the --"),
    ],
)
def test_lab_refuses_impossible_ports(arguments, reason, capsys):
    assert main(["lab", "--no-browser", *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_lab_names_a_port_in_use_and_skips_it(monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["lab", "--no-browser", "--port", str(port)]) == 2
        assert f"Port {port} cannot be used" in capsys.readouterr().err
        monkeypatch.setattr(lab, "PORT", port)
        assert port < lab._free_port(None) < port + lab.TRIED


def test_lab_opens_the_browser_where_there_is_a_screen(monkeypatch, capsys):
    """``streamlit run`` with everything after the --, and the address once it answers."""
    started, opened = [], []

    class Server:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def poll(self):
            return None

        def wait(self):
            end = time.monotonic() + 10
            while len(opened) < len(started) and time.monotonic() < end:
                time.sleep(0.01)
            return 0

    def start(module, *arguments, **_):
        started.append((module, *arguments))
        return Server()

    monkeypatch.setattr(lab, "start_module", start)
    monkeypatch.setattr(lab.webbrowser, "open", opened.append)
    monkeypatch.setattr(lab.urllib.request, "urlopen", lambda *_, **__: io.BytesIO())
    monkeypatch.setattr(lab.sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    port = lab._free_port(None)
    assert main(["lab", "--port", str(port), "--", "--theme.base", "dark"]) == 0
    app = str(PROJECT / "app.py")
    assert started == [("streamlit", "run", app, "--server.port", str(port), "--theme.base", "dark")]
    assert opened == [f"http://127.0.0.1:{port}"]
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not lab._has_display()  # a text browser would take over the terminal


def test_help_shows_the_name_by_which_the_command_was_called(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/simssl", "--help"])
    with pytest.raises(SystemExit):
        main()
    text = capsys.readouterr().out
    assert "usage: simssl [-h]" in text and "\n  simssl list\n" in text and "python -m" not in text
    assert parser()._subparsers._group_actions[0].choices["bench"].prog == "simssl bench"
