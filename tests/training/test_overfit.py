"""The whole pipeline learns: a network trained on one clip reproduces it."""

import json
from pathlib import Path

import pytest

from wavegan import recipe
from wavegan.audio import io
from wavegan.cli.console import Silent
from wavegan.interrupt import Interrupt
from wavegan.training import setup
from wavegan.validation.reconstruction import validate

RATE, SAMPLES, STEPS = 22050, 8192, 1200

# The network and its losses are those of `tiny`; this is what differs, and why.
OVERRIDES = (
    # one clip, as long as a segment, so that every crop is the whole of it
    f"data.segment={SAMPLES}",
    "data.validation=1",
    "data.workers=0",
    "training.batch_size=1",
    f"training.steps={STEPS}",
    f"training.validate_every={STEPS}",
    f"training.log_every={STEPS}",
    f"training.checkpoint_every={STEPS}",
    "training.previews=0",
    "training.trackers=[]",
    # the last weights are judged, without rounding
    "training.precision='no'",
    "training.ema=null",
    # `tiny` stands at about 0.11 untrained, as its phase search alone makes the prior audible, and
    # at a tenth of that even true magnitudes do not arrive (0.05 with 64 iterations); with two
    # iterations, all of them with a gradient, the magnitudes decide
    "generator.iterations=2",
    "generator.training_iterations=2",
    "generator.tracked_iterations=2",
    # what is measured weighs most, over the bands that are measured
    "losses.mel.weight=45",
    "losses.mel.f_max=8000",
)


def clip_twice(speech: Path, folder: Path) -> Path:
    """A folder with the beginning of a sentence under two names: one trains, one validates."""
    wave, _ = io.read(min(speech.glob("*.flac")), sample_rate=RATE, mono=True)
    folder.mkdir()
    for name in ("learnt", "tested"):
        io.write(folder / f"{name}.wav", wave[:, RATE // 2 : RATE // 2 + SAMPLES], RATE)
    return folder


@pytest.mark.slow
def test_the_tiny_recipe_learns_one_clip_by_heart(tmp_path: Path, speech: Path) -> None:
    """Its log-mel L1 falls below a tenth of what it was before the first step."""
    folder = clip_twice(speech, tmp_path / "clip")
    wanted = recipe.load("tiny", [f"data.folder={folder}", *OVERRIDES])
    run = tmp_path / "run"
    trainer = setup.prepare(wanted, run, device="cpu", listener=Silent())
    assert [clip.audio.shape for clip in trainer.validation.clips] == [(1, SAMPLES)]
    start = validate(
        trainer.step.task.generate,
        trainer.step.generator.network,
        trainer.validation.clips,
        trainer.validation.metrics,
        RATE,
    )["log_mel_l1"]
    trainer.train(Interrupt())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    (end,) = [line["log_mel_l1"] for line in lines if line["kind"] == "validation"]
    assert 0.1 < start < 0.5  # the untrained network is no straw man: silence is at about 5
    assert end < start / 10
    assert trainer.train_state.progress.best_value == end
