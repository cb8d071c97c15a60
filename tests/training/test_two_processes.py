"""Two processes equal one with the same batch; an error is printed once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.interrupt import Interrupt
from wavegan.training import setup

REPO = Path(__file__).resolve().parents[2]
STEPS = 4
LEARNING = (f"training.steps={STEPS}", "training.validate_every=2")


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository's root, one thread a process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("WAVEGAN", "RANK", "WORLD"))}
    return subprocess.run(
        [sys.executable, *words],
        cwd=REPO,
        env={**clean, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def lines(run: Path) -> list[dict[str, Any]]:
    """All measurements, without machine and times."""
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    measured = [line for line in found if line["kind"] != "start"]
    return [{k: v for k, v in line.items() if not k.startswith("speed/")} for line in measured]


def state(run: Path, step: int) -> dict[str, Any]:
    file = run / "checkpoints" / f"{step:08d}" / "training" / "state.pt"
    return dict(torch.load(file, weights_only=True))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, small: str, speech: Path) -> Path:
    run = tmp_path_factory.mktemp("alone") / "run"
    wanted = recipe.load(small, [f"data.folder={speech}", *LEARNING])
    setup.prepare(wanted, run, device="cpu", listener=Silent()).train(Interrupt())
    return run


@pytest.mark.slow
def test_two_processes_equal_one(alone: Path, tmp_path: Path, small: str, speech: Path) -> None:
    run = tmp_path / "run"
    words = ("train", small, str(speech), "--out", str(run), "--processes", "2", "--device", "cpu")
    ended = command("-m", "wavegan", *words, "--json", *LEARNING)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["step"] == STEPS  # one summary, of one process
    assert ended.stderr == ""

    ours, theirs = lines(run), lines(alone)
    assert [line["step"] for line in ours] == [1, 2, 2, 3, 4, 4]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            exact = isinstance(value, str)
            assert value == (other[name] if exact else pytest.approx(other[name], rel=1e-4)), name

    folder, reference = (r / "checkpoints" / f"{STEPS:08d}" for r in (run, alone))
    for file in ("model", "training/generator", "training/discriminator"):
        mine, other = (bundle.read_weights(f / f"{file}.safetensors") for f in (folder, reference))
        for key, value in mine.items():
            assert (value - other[key]).abs().max() < 1e-5, f"{file}: {key}"

    together, single = state(run, STEPS), state(alone, STEPS)
    assert together["progress"]["world"] == 2
    assert single["progress"]["world"] == 1
    assert together["progress"]["data"] == single["progress"]["data"]
    # what a penalty or dropout draws is another number in each process, as it is in each clip
    first, second = together["random"]
    assert not torch.equal(first["cpu"], second["cpu"])
    assert len(single["random"]) == 1


@pytest.mark.slow
def test_torchrun_and_the_script_of_a_checkout(
    alone: Path, tmp_path: Path, small: str, speech: Path
) -> None:
    """As `accelerate launch` and clusters do; a checkpoint of one process resumes in two."""
    run = tmp_path / "run"
    ended = command(
        *("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "cli.py"),
        *("train", small, str(speech), "--out", str(run), "--device", "cpu", "--quiet"),
        "training.steps=2",
    )
    assert ended.returncode == 0, ended.stderr
    assert state(run, 2)["progress"]["world"] == 2
    assert len(state(run, 2)["random"]) == 2
    wanted = [line for line in lines(alone) if line["kind"] == "train"][:2]
    found = [line for line in lines(run) if line["kind"] == "train"]
    assert len(found) == 2
    for mine, other in zip(found, wanted, strict=True):
        assert mine["generator/total"] == pytest.approx(other["generator/total"], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "batch", "message"),
    [
        # known before anything is started
        (None, 3, "training.batch_size is 3"),
        # found by one process while the other waits for it
        ("nowhere", 4, "nowhere: it does not exist"),
    ],
)
def test_a_mistake_is_reported_once(
    tmp_path: Path, small: str, speech: Path, folder: str | None, batch: int, message: str
) -> None:
    """One line, exit code 2, no folder of a run."""
    run, data = tmp_path / "run", speech if folder is None else tmp_path / folder
    words = ("train", small, str(data), "--out", str(run), "--processes", "2", "--device", "cpu")
    ended = command("-m", "wavegan", *words, f"training.batch_size={batch}")
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not run.exists()
