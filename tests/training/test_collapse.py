"""A setup that collapses raises the alarm, another one does not."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavegan import recipe
from wavegan.cli.console import Silent
from wavegan.interrupt import Interrupt
from wavegan.training import setup

RECIPE = str(Path(__file__).parents[1] / "sounds.yaml")
RATE = 8000
COMMON = (
    *("training.steps=100", "training.validate_every=25", "training.validation_clips=64"),
    *("training.batch_size=16", "training.n_critic=1", "training.augment=null"),
    *("training.log_every=25", "training.ema=null", "training.previews=0", "data.validation=8"),
    *("generator.dim=8", "discriminators.wavegan.dim=8"),
)
HEALTHY = (
    *("objective.name=relativistic", "training.optimizer.lr=1e-3"),
    *("training.optimizer.betas=[0,0.99]", "penalties.gradient=null"),
    *("penalties.r1={name: r1, gamma: 1}", "penalties.r2={name: r2, gamma: 1}"),
)
COLLAPSING = (
    *("objective.name=hinge", "training.optimizer.lr=1e-2", "penalties.gradient=null"),
    "training.optimizer.betas=[0.9,0.9]",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of many pitches and decays, forty low and forty high ones."""
    root = tmp_path_factory.mktemp("tones")
    random = np.random.default_rng(0)
    for label, pitch in (("high", 1000), ("low", 100)):
        (root / label).mkdir()
        for number in range(40):
            time = np.arange(random.integers(2000, 5000)) / RATE
            tone = np.sin(2 * np.pi * pitch * random.uniform(0.6, 1.6) * time)
            wave = 0.5 * tone * np.exp(-random.uniform(2, 20) * time)
            soundfile.write(root / label / f"{number}.wav", wave, RATE)
    return root


def alarms(run: Path, folder: Path, setup_words: tuple[str, ...]) -> list[str]:
    wanted = recipe.load(RECIPE, [f"data.folder={folder}", *COMMON, *setup_words])
    setup.prepare(wanted, run, device="cpu", listener=Silent()).train(Interrupt())
    found = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line["name"] for line in found if line["kind"] == "alarm"]


@pytest.mark.slow
def test_a_high_rate_without_a_penalty_collapses_and_says_so(tmp_path: Path, folder: Path) -> None:
    said = alarms(tmp_path / "run", folder, COLLAPSING)
    assert set(said) == {"collapse"}


@pytest.mark.slow
def test_a_penalised_run_raises_no_alarm(tmp_path: Path, folder: Path) -> None:
    assert alarms(tmp_path / "run", folder, HEALTHY) == []
