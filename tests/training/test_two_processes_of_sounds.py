"""Two processes equal one with labels, gradient penalties and buffers that change in training."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.interrupt import Interrupt
from wavegan.training import setup

REPO = Path(__file__).resolve().parents[2]
RECIPE, RATE = str(REPO / "tests" / "sounds.yaml"), 8000
SMALL = "latent_dim: 8, style_dim: 8, dim: 4, max_dim: 8, kernel_size: 3, strides: [4, 4, 4]"
WORDS = (
    # what a process draws for itself is another number in each: noise is silent before it is learnt
    f"generator={{name: stylewave, mixing: 0, {SMALL}}}",
    "discriminators.wavegan=null",
    "discriminators.short={name: spectrogram, dim: 4, max_dim: 8, places: 16}",
    "discriminators.short.spec_n_fft=64",
    "discriminators.short.spec_hop_length=32",
    "objective={name: relativistic}",
    "penalties.gradient=null",
    "penalties.r1={name: r1, gamma: 5, every: 1}",
    "penalties.r2={name: r2, gamma: 5, every: 2}",
    "training.augment=null",
    "training.n_critic=1",
    "training.steps=2",
    "data.validation=0",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of two labels."""
    root, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    for label, pitch in (("high", 1000), ("low", 100)):
        (root / label).mkdir()
        for number in range(4):
            time = np.arange(4096) / RATE
            wave = np.sin(2 * np.pi * pitch * random.uniform(0.8, 1.2) * time)
            soundfile.write(root / label / f"{number}.wav", 0.5 * wave, RATE)
    return root


def lines(run: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in found if line["kind"] == "train"]


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path, folder: Path) -> None:
    alone, run = tmp_path / "alone", tmp_path / "run"
    wanted = recipe.load(RECIPE, [f"data.folder={folder}", *WORDS])
    setup.prepare(wanted, alone, device="cpu", listener=Silent()).train(Interrupt())

    words = ["train", RECIPE, str(folder), "--out", str(run), "--processes", "2", "--device", "cpu"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("WAVEGAN", "RANK", "WORLD"))}
    ended = subprocess.run(
        [sys.executable, "-m", "wavegan", *words, *WORDS],
        cwd=REPO,
        env={**clean, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr

    mine, other = lines(run)[0], lines(alone)[0]
    assert "discriminator/r1" in mine
    # how loud noise is to be is learnt from the noise that each process drew
    drawn = {"generator/grad_norm", *(name for name in mine if name.startswith("speed/"))}
    for name in mine.keys() - drawn:
        exact = isinstance(mine[name], str)
        assert mine[name] == (other[name] if exact else pytest.approx(other[name], rel=1e-4)), name

    folders = [each / "checkpoints" / "00000002" for each in (run, alone)]
    ours, theirs = (bundle.read_weights(f / "training/generator.safetensors") for f in folders)
    assert ours["mapping.seen"].tolist() == theirs["mapping.seen"].tolist() == [2, 2]
    difference = (ours["mapping.w_avg"] - theirs["mapping.w_avg"]).abs().max()
    assert difference < 1e-4 * theirs["mapping.w_avg"].abs().max()
