"""Notes about a folder that does not fit a recipe."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wavegan import recipe
from wavegan.data.manifest import Clip, Manifest
from wavegan.data.split import Split
from wavegan.training import data_notes

SOUNDS = str(Path(__file__).parents[1] / "sounds.yaml")


def notes(name: str, *clips: dict[str, Any], overrides: tuple[str, ...] = ()) -> list[str]:
    """Notes about clips of 2 s with some changes, a tenth of them held out."""
    usual = {"sample_rate": 22050, "channels": 1, "label": "", "peak": 0.5, "channel_peak": 0.5}
    made = []
    for number, given in enumerate(clips):
        fields = {"frames": 2 * given.get("sample_rate", 22050), **usual, **given}
        made.append(Clip(path=f"{number}.wav", **fields))
    loaded = recipe.load(name, overrides)
    manifest = Manifest(Path("/data"), tuple(made), ())
    split = Split(tuple(made) * 9, tuple(made))
    return list(data_notes.of(loaded, manifest, split))


def test_nothing_is_said_of_what_fits(small: str) -> None:
    assert notes(small, {}, {}, {}) == []


def test_rates_below_the_recipe_are_counted_and_what_fits_is_named(small: str) -> None:
    (all_of_them,) = notes(small, *[{"sample_rate": 16000}] * 3)
    for said in ("all 3 files", "22050 Hz", "16000 Hz", "8000 Hz"):
        assert said in all_of_them
    (most,) = notes(small, {}, {"sample_rate": 8000}, {"sample_rate": 16000}, {"sample_rate": 8000})
    assert "3 of 4 files" in most
    assert "4000 Hz" in most
    assert notes(small, {}, {}, {"sample_rate": 16000}) == []
    # more than the recipe's rate is no trouble
    assert notes(small, {"sample_rate": 48000}) == []


@pytest.mark.parametrize(
    ("rate", "fits"),
    [(24000, "bigvgan-base-24k"), (16000, "mel="), (17000, "mel.sample_rate=17000")],
)
def test_what_fits_a_rate_is_made_for_it(rate: int, fits: str) -> None:
    (line,) = notes("bigvgan-v2-44k", {"sample_rate": rate})
    assert fits in line


def test_near_silence_is_said(small: str) -> None:
    faint = {"peak": 0.001, "channel_peak": 0.001}
    (line,) = notes(small, faint, faint)
    assert "0.001" in line
    assert notes(small, faint, {}) == []


def test_lengths_are_compared_with_a_crop(small: str) -> None:
    (line,) = notes(small, {"frames": 2000}, {"frames": 1000})
    assert "all 2 files are shorter" in line
    assert "2048 samples" in line
    assert notes(small, {"frames": 2000}, {}, {}) == []
    (cut,) = notes(SOUNDS, {"sample_rate": 8000}, {"sample_rate": 8000, "frames": 4000})
    assert "1 of 2 files is longer" in cut
    (padded,) = notes(SOUNDS, {"sample_rate": 8000, "frames": 1600})
    assert "0.20 s" in padded


def test_channels_are_compared(small: str) -> None:
    (line,) = notes(small, {"channels": 2}, {})
    assert "1 of 2 files" in line
    fitting = {"sample_rate": 8000, "frames": 4096}
    (mono,) = notes(SOUNDS, fitting, overrides=("data.channels=2",))
    assert "the only file is mono" in mono


def test_a_share_of_files_that_is_most_of_the_audio_is_said(small: str) -> None:
    clips = [Clip(f"{n}.wav", 22050, 1, 44100, "", 0.5, 0.5) for n in range(2)]
    for held, share, said in (
        (9, 0.05, True),
        (1, 0.05, True),
        (1, 0.45, False),
        (0.3, 0.05, False),
    ):
        loaded = recipe.load(small, (f"data.validation={share}",))
        split = Split((clips[0],), (replace(clips[1], frames=int(44100 * held)),))
        manifest = Manifest(Path("/data"), tuple(clips), ())
        lines = data_notes.of(loaded, manifest, split)
        assert [f"{held / (held + 1):.0%}" in line for line in lines] == [True] * said


def test_the_cost_of_holding_out_nothing_is_said(small: str) -> None:
    clips = (Clip("a.wav", 22050, 1, 44100, "", 0.5, 0.5),)
    for name, cost in ((small, "no validation metric"), (SOUNDS, "overfitting")):
        loaded = recipe.load(name)
        manifest = Manifest(Path("/data"), clips, ())
        said = data_notes.of(loaded, manifest, Split(clips, ()))
        assert cost in said[0]
