"""`wavegan generate` of sounds that peak, are silent or die away; what their files say of them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from click.testing import Result
from torch import Tensor, nn
from typer.testing import CliRunner

from wavegan import Synthesizer, bundle
from wavegan.audio import io, made_by
from wavegan.audio.mel import Mel
from wavegan.cli import app
from wavegan.generators.base import LatentGenerator
from wavegan.inference.usable import UnusableWarning
from wavegan.layers.walk import as_walk, overlap

RATE, SEGMENT = 8000, 4096
HEADROOM = 10 ** (-1 / 20)
Call = Callable[..., Result]


class Hits(LatentGenerator):
    """Label 0 is a tone that falls by `decay` dB over its clip, label 1 one that stays.

    Levels are mapped in dB, as networks do that make filters' levels: windows of a walk mix those.

    Args:
        segment: samples.
        channels: of the audio, all alike.
        n_labels: 2, or 0 for hits alone.
        decay: dB.
        gain: peak of the loudest sound.
        mute: latents whose first number is below make silence.
        circular: as networks have it that are trained on loops.
    """

    def __init__(
        self,
        segment: int = 4096,
        channels: int = 1,
        n_labels: int = 0,
        decay: float = 90.0,
        gain: float = 0.5,
        mute: float = -9.0,
        circular: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim, self.segment, self.positions = 4, segment, 16
        self.n_labels, self.channels, self.circular = n_labels, channels, circular
        self.hop_length = segment // self.positions
        self.decay, self.gain, self.mute = decay, gain, mute
        self.weight = nn.Parameter(torch.ones(()))

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        walk = as_walk(latent, self.latent_dim)
        falls = torch.ones(len(walk)) if label is None else (label == 0).float()
        course = -torch.arange(self.positions) / self.positions * self.decay
        maps = (falls[:, None, None, None] * course).expand(-1, walk.shape[1], -1, -1)
        levels = overlap(maps, positions, loop=loop) if loop or walk.shape[1] > 1 else maps[:, 0]
        levels = levels.repeat_interleave(self.hop_length, -1)
        cycles = torch.arange(levels.shape[-1]) / self.hop_length * 8
        pitch = torch.sin(2 * torch.pi * cycles + walk[:, :1, :1])
        heard = (walk[:, :1, :1] >= self.mute).float()
        wave = self.weight * self.gain * heard * 10 ** (levels / 20) * pitch
        return wave.expand(-1, self.channels, -1)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle of `Hits` with some options, and says where it is."""

    def save(name: str = "hits", **options: Any) -> Path:
        labels = ("hit", "stay") if options.pop("labelled", True) else ()
        config = bundle.Config(
            mel=Mel(sample_rate=RATE, f_max=None),
            generator={"name": f"{__name__}:Hits", **options},
            channels=options.get("channels", 1),
            task="synthesize",
            labels=labels,
            segment=SEGMENT,
        )
        folder = tmp_path / name
        folder.mkdir(parents=True)
        bundle.save(folder, config, bundle.build(config).state_dict())
        return folder

    return save


@pytest.fixture
def generate(tmp_path: Path) -> Call:
    """Calls the command with a model, into a folder."""

    def call(model: Path, *words: object, out: str = "out") -> Result:
        given = ["-m", model, "-o", tmp_path / out, "--device", "cpu", *words]
        runner = CliRunner(env={"WAVEGAN_DEBUG": None})
        return runner.invoke(app, ["generate", *(str(word) for word in given)])

    return call


def waves(folder: Path) -> dict[str, np.ndarray]:
    """What is in the files, by their names."""
    return {
        file.name: soundfile.read(file, dtype="float32")[0]
        for file in sorted(folder.iterdir())
        if file.suffix != ".png"
    }


def peaks(folder: Path) -> list[float]:
    return [float(np.abs(wave).max()) for wave in waves(folder).values()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], HEADROOM),
        (["--subtype", "pcm24"], HEADROOM),
        (["--format", "flac"], HEADROOM),
        (["--peak", "0.5"], 0.5),
        (["--peak", "-6dB"], 10 ** (-6 / 20)),
        (["--peak", "none"], 1.0),
        (["--subtype", "float"], 2.0),
        (["--subtype", "float", "--peak", "0.5"], 0.5),
    ],
)
def test_peaks_above_full_scale_are_a_choice(
    saved: Callable[..., Path],
    generate: Call,
    tmp_path: Path,
    words: list[str],
    expected: float,
) -> None:
    result = generate(saved(gain=2.0), "-n", 2, "--seed", 1, *words)
    assert result.exit_code == 0
    assert peaks(tmp_path / "out") == pytest.approx([expected, expected], rel=5e-3)
    said = result.stderr
    assert ("scaled down to -1 dBFS" in said) == (expected == HEADROOM)
    assert ("clipped" in said) == (expected == 1.0)
    if expected == HEADROOM:
        assert "2 of 2" in said
        assert "+6.0 dBFS" in said


def test_scaling_keeps_the_shape_and_leaves_what_fits_alone(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    for name, gain in (("loud", 2.0), ("fits", 0.98)):
        model = saved(name, gain=gain)
        generate(model, "-n", 2, "--seed", 1, out=f"{name}-out")
        made = Synthesizer.from_pretrained(model).sample(2, seed=1)[:, 0].numpy()
        for wave, own in zip(waves(tmp_path / f"{name}-out").values(), made, strict=True):
            scale = HEADROOM / np.abs(own).max() if gain > 1 else 1.0
            assert np.abs(wave - scale * own).max() <= 1 / 2**15


def test_quiet_clips_are_raised_only_where_a_peak_is_asked_for(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    model = saved(gain=0.1)
    generate(model, "-n", 2, "--seed", 1)
    assert max(peaks(tmp_path / "out")) < 0.101
    result = generate(model, "-n", 2, "--seed", 1, "--peak", "0.9", "--json", out="raised")
    assert peaks(tmp_path / "raised") == pytest.approx([0.9, 0.9], abs=1e-3)
    gains = [file["gain"] for file in json.loads(result.stdout)["files"]]
    assert gains == pytest.approx([9, 9], rel=0.01)


@pytest.mark.parametrize("peak", ["0", "-0.5", "1.5", "nan", "inf", "loud", "3dB", "1e-9", "--dB"])
def test_a_peak_that_is_none_is_refused(
    saved: Callable[..., Path], generate: Call, peak: str
) -> None:
    result = generate(saved(), f"--peak={peak}")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert f"--peak {peak}" in result.stderr


def test_silent_clips_are_drawn_again_by_a_rule(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    """Half of the latents make silence here."""
    model = saved(mute=0.0, labelled=False)
    words = ("-n", 12, "--seed", 5)
    result = generate(model, *words, "--json")
    assert result.exit_code == 0
    assert min(peaks(tmp_path / "out")) > 0.4
    files = json.loads(result.stdout)["files"]
    again = {place: file["drawn"] for place, file in enumerate(files) if "drawn" in file}
    assert again
    assert f"{len(again)} of 12 clips" in result.stderr
    synthesizer = Synthesizer.from_pretrained(model)
    for place, number in again.items():
        assert number % 1_000_000 == place
        with pytest.warns(UnusableWarning, match=f"clip {place} is silent"):
            assert synthesizer.sample(seed=5, first=place).abs().max() == 0
        wave = soundfile.read(files[place]["output"], dtype="float32")[0]
        own = synthesizer.sample(seed=5, first=number)[0, 0].numpy()
        assert np.abs(wave - own).max() <= 1 / 2**15
    generate(model, *words, "--batch-size", 1, out="again")
    for name in waves(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_clip_drawn_again_is_an_end_of_an_interpolation(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    model = saved(mute=0.0, labelled=False)
    files = json.loads(generate(model, "-n", 12, "--seed", 5, "--json").stdout)["files"]
    place = next(place for place, file in enumerate(files) if "drawn" in file)
    loud = next(place for place, file in enumerate(files) if "drawn" not in file)
    generate(model, "-n", 2, "--interpolate", f"5_{place}:5_{loud}", out="way")
    first, last = waves(tmp_path / "way").values()
    for wave, end in ((first, place), (last, loud)):
        own = soundfile.read(files[end]["output"], dtype="float32")[0]
        assert np.abs(wave - own).max() <= 1e-4


def test_a_model_that_makes_only_silence_is_a_failure(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    result = generate(saved(mute=99.0), "-n", 3, "--seed", 5, "--grid")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for part in ("all 3 clips are silent", "training has collapsed", "drawn 6 times"):
        assert part in result.stderr
    assert not (tmp_path / "out").exists()


def test_what_stays_silent_is_left_out_and_named(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    """One of 50 latents sounds; the seed is one of those by which a clip of 20 does."""
    model = saved(mute=1.5, labelled=False)
    result = generate(model, "-n", 8, "--seed", 3, "--json")
    told = json.loads(result.stdout)
    made = waves(tmp_path / "out")
    assert 0 < len(made) < 8
    assert len(told["files"]) == len(made)
    assert len(told["left_out"]) == 8 - len(made)
    assert all(name not in made for name in told["left_out"])
    assert result.exit_code == 1
    assert f"{8 - len(made)} of 8 clips were not written" in result.stderr
    assert min(told["left_out"]) in result.stderr


def test_a_hit_is_refused_as_a_loop(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    model = saved()
    for words in (["--label", "hit"], ["--label", "hit", "--seconds", "2.048"]):
        result = generate(model, "-n", 2, "--loop", *words)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        for part in ("--loop", "hit_", "dies away", "--label"):
            assert part in result.stderr
        assert not (tmp_path / "out").exists()
    result = generate(model, "-n", 2, "--loop", "--label", "stay")
    assert result.exit_code == 0
    assert peaks(tmp_path / "out") == pytest.approx([0.5, 0.5], abs=0.01)


def test_loops_that_hold_are_kept_where_others_do_not(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    result = generate(saved(), "-n", 4, "--loop", "--seed", 1)
    assert result.exit_code == 1
    assert list(waves(tmp_path / "out")) == ["stay_1_0001.wav", "stay_1_0003.wav"]
    assert "2 of 4 clips were not written: hit_1_0000.wav, hit_1_0002.wav" in result.stderr


def test_the_faint_tail_of_a_sound_is_a_loop_once_it_is_brought_up(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    """The loop of a sound that falls by 50 dB lies 25 dB or more below it."""
    model = saved(decay=50.0, labelled=False)
    refused = generate(model, "-n", 1, "--loop")
    assert refused.exit_code == 2
    assert "quieter than the sound itself" in refused.stderr
    assert generate(model, "-n", 1, "--loop", "--peak", "0.9").exit_code == 0
    assert peaks(tmp_path / "out") == pytest.approx([0.9], abs=1e-3)


def test_networks_trained_on_loops_may_make_pauses(
    saved: Callable[..., Path], generate: Call
) -> None:
    assert generate(saved(circular=True, labelled=False), "-n", 1, "--loop").exit_code == 0


def test_python_warns_of_loops_that_die_away(saved: Callable[..., Path]) -> None:
    synthesizer = Synthesizer.from_pretrained(saved())
    with pytest.warns(UnusableWarning, match=r"clip 0 is .*dies away"):
        synthesizer.sample(1, "hit", seed=1, loop=True)


def test_long_hits_are_told_to_be_silent_after_the_first(
    saved: Callable[..., Path], generate: Call
) -> None:
    result = generate(saved(decay=200.0), "-n", 2, "--seed", 1, "--seconds", 3)
    assert result.exit_code == 0
    assert "1 of 2 clips die away" in result.stderr
    assert "hit_1_0000.wav" in result.stderr


@pytest.mark.parametrize(
    ("file_format", "subtype"),
    [("wav", "pcm16"), ("wav", "float"), ("flac", "pcm24"), ("ogg", "pcm16")],
)
def test_files_say_what_they_are_and_are_the_same_again(
    saved: Callable[..., Path],
    generate: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_format: str,
    subtype: str,
) -> None:
    model = saved("private/my drums/checkpoints/00000400", gain=2.0)
    words = ("-n", 2, "--seed", 7, "--format", file_format, "--subtype", subtype)
    generate(model, *words, "--truncation", 0.5, "--seconds", 0.25)
    file = tmp_path / "out" / f"stay_7_0001.{file_format}"
    tags = io.probe(file).tags
    assert made_by.command(tags) == "generate"
    assert tags["title"] == "stay"
    facts = made_by.facts(tags)
    gain = facts.pop("gain", None)
    assert (gain is None) == (subtype == "float")
    assert facts == {
        **{"model": "my drums", "step": 400, "seed": 7, "clip": 1, "label": "stay"},
        **{"truncation": 0.5, "seconds": 0.25},
    }
    assert b"private" not in file.read_bytes()
    first = {made.name: made.read_bytes() for made in (tmp_path / "out").iterdir()}
    generate(model, *words, "--truncation", 0.5, "--seconds", 0.25, out="again")
    for name, content in first.items():
        assert (tmp_path / "again" / name).read_bytes() == content, name


def test_variations_and_ways_say_where_they_come_from(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    model = saved()
    own = tmp_path / "private" / "my hit.wav"
    own.parent.mkdir(exist_ok=True)
    wave = np.sin(np.arange(3 * RATE) / 3) * np.exp(-np.arange(3 * RATE) / 400)
    soundfile.write(own, wave, RATE)
    words = ("-n", 1, "--seed", 7, "--steps", 1, "--like", own)
    result = generate(model, *words)
    assert "only the first 0.51 s of the 3.0 s" in result.stderr
    (file,) = (tmp_path / "out").iterdir()
    facts = made_by.facts(io.probe(file).tags)
    assert facts["like"] == "my hit.wav"
    assert (facts["steps"], facts["spread"], facts["seed"]) == (1, 0.3, 7)
    result = generate(model, "-n", 2, "--interpolate", "7:7", "--seed", 4, out="way")
    assert "--seed 4 is not used" in result.stderr
    assert "both ends are one sound" in result.stderr
    facts = made_by.facts(io.probe(next((tmp_path / "way").iterdir())).tags)
    assert (facts["interpolate"], facts["of"]) == ("7:7", 2)


def test_a_file_that_begins_with_silence_is_refused(
    saved: Callable[..., Path], generate: Call, tmp_path: Path
) -> None:
    model, late = saved(), tmp_path / "late.wav"
    soundfile.write(late, np.repeat([0.0, 0.5], RATE), RATE)
    result = generate(model, "-n", 1, "--like", late)
    assert result.exit_code == 2
    assert "its first 0.51 s" in result.stderr
    assert str(late) in result.stderr


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--seconds", "1e9"], ("seconds is 1e+09", "2097 is the most at 8000 Hz")),
        (["--seconds", "1e308"], ("seconds is 1e+308",)),
        (["--seconds", "inf"], ("seconds is inf",)),
        (["--seconds", "nan"], ("seconds is nan",)),
        (["--seconds", "0"], ("seconds is 0",)),
        (["--seconds", "-2"], ("seconds is -2",)),
        (["--seconds", "0.001"], ("seconds is 0.001", "0.01 is the least")),
        (["--seconds", "0.1", "--loop"], ("seconds is 0.1", "0.512 s long at least")),
        (["--count", "0"], ("--count 0", "1 to 1000000")),
        (["--count", "-5"], ("--count -5",)),
        (["--count", "1000000000000"], ("--count 1000000000000", "1 to 1000000")),
        (["--count", "60000", "--batch-size", "60000", "--seconds", "2000"], ("--batch-size",)),
        (["--count", "900000", "--interpolate", "1:2"], ("--count is 900000",)),
        (["--batch-size", "0"], ("--batch-size 0",)),
        (["--steps", "-1"], ("--steps -1", "0 to 100000")),
        (["--steps", "1000000000"], ("--steps 1000000000",)),
        (["--truncation", "nan"], ("truncation is nan", "0 to 1")),
        (["--truncation", "-1"], ("truncation is -1",)),
        (["--spread", "1e9"], ("spread is 1e+09", "0 to 1")),
        (["--spread", "nan"], ("spread is nan",)),
        (["--interpolate", "7" * 5000 + ":1"], ("--interpolate", "give two seeds")),
        (["--format", "ogg", "--subtype", "float"], ("--format ogg --subtype float",)),
    ],
)
def test_absurd_numbers_are_refused_in_a_line(
    saved: Callable[..., Path],
    generate: Call,
    tmp_path: Path,
    words: list[str],
    parts: Sequence[str],
) -> None:
    result = generate(saved(), *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr
    assert not (tmp_path / "out").exists()
