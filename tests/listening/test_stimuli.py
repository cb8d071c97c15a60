"""A trial's clips: equal rate, length, channels and level; anchors as in the standard."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from wavegan.audio import io
from wavegan.audio.opening import Wave
from wavegan.data import manifest
from wavegan.data.pairs import LeftOut
from wavegan.errors import UserError
from wavegan.listening import level, pairing
from wavegan.listening.low_pass import audible, low_pass
from wavegan.listening.pairing import Source
from wavegan.listening.stimuli import GAP, Stimuli, prepare


def sine(hertz: float, seconds: float, rate: int, amplitude: float = 0.2) -> Wave:
    place = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * math.pi * hertz * place)).astype(np.float32)[None]


def sources(folder: Path, waves: Mapping[str, tuple[Wave, int]]) -> list[Source]:
    for name, (wave, rate) in waves.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        io.write(folder / name / "x.wav", wave, rate)
    return [pairing.open_source(name, folder / name, []) for name in waves]


def prepared(folder: Path, waves: Mapping[str, tuple[Wave, int]], **options: object) -> Stimuli:
    chosen = {"seconds": 12.0, "match": True, "anchors": False, **options}
    return prepare(sources(folder, waves), "x", **chosen)  # type: ignore[arg-type]


def decibels(wave: Wave) -> float:
    return 10 * math.log10(np.mean(np.square(wave, dtype=np.float64)))


def test_all_get_the_reference_s_loudness_and_it_keeps_its_own(tmp_path: Path) -> None:
    """A tone is as loud as its amplitude: gains of +6 and -12 dB are undone exactly."""
    pytest.importorskip("pyloudnorm")
    tone = sine(1000, 2, 24000)
    waves = {"reference": (tone, 24000), "loud": (tone * 2, 24000), "soft": (tone / 4, 24000)}
    made = prepared(tmp_path, waves)
    assert made.method == "BS.1770"
    assert made.gains["reference"] == 0
    assert made.gains["loud"] == pytest.approx(-6.02, abs=0.02)
    assert made.gains["soft"] == pytest.approx(12.04, abs=0.02)
    for wave in made.waves.values():
        np.testing.assert_allclose(wave[:, :48000], tone, atol=2e-3)
    left = prepared(tmp_path, waves, match=False)
    assert (left.method, set(left.gains.values())) == ("none", {0.0})
    assert decibels(left.waves["loud"]) - decibels(left.waves["soft"]) == pytest.approx(
        18.06, abs=0.1
    )


def test_loudness_is_heard_loudness_not_power(tmp_path: Path) -> None:
    """BS.1770 hardly counts 50 Hz (about -2 dB, high-pass) and lifts 4 kHz (about +4 dB)."""
    pytest.importorskip("pyloudnorm")
    waves = {"low": sine(50, 2, 24000), "high": sine(4000, 2, 24000)}
    gains = level.match(waves, 24000, "low").gains
    assert -8 < gains["high"] < -4
    assert level.match(waves, 24000, None).gains["low"] == pytest.approx(-gains["high"] / 2)


def test_nothing_clips_and_all_are_turned_down_alike(tmp_path: Path) -> None:
    """The spike of one would exceed full scale after matching."""
    tone = sine(500, 2, 16000, 0.4)
    spiky = tone / 4
    spiky[0, 5000] = 0.9
    made = prepared(tmp_path, {"reference": (tone, 16000), "spiky": (spiky, 16000)})
    peak = max(float(np.abs(wave).max()) for wave in made.waves.values())
    assert peak == pytest.approx(0.999, abs=1e-4)
    assert made.gains["reference"] < -10
    assert made.gains["spiky"] - made.gains["reference"] == pytest.approx(12, abs=0.3)
    assert any("to avoid clipping" in note for note in made.notes)


def test_short_clips_are_matched_by_rms_and_silent_ones_left(tmp_path: Path) -> None:
    short = sine(1000, 0.2, 16000)
    made = prepared(tmp_path, {"a": (short, 16000), "b": (short / 2, 16000)})
    assert made.method == "RMS"
    assert made.gains["b"] - made.gains["a"] == pytest.approx(6.02, abs=0.02)
    quiet = np.full((1, 3200), 1e-7, np.float32)
    levels = level.match({"reference": short, "void": quiet}, 16000, "reference")
    assert levels.gains["void"] == 0
    assert "void: its level (-140 dB) is not changed" in levels.notes


def test_rates_channels_and_lengths_become_those_that_lose_nothing(tmp_path: Path) -> None:
    stereo = np.concatenate([sine(700, 1.0, 24000), sine(900, 1.0, 24000)])
    made = prepared(
        tmp_path, {"reference": (stereo, 24000), "low": (sine(700, 0.7, 16000), 16000)}, match=False
    )
    assert made.sample_rate == 24000
    assert {wave.shape for wave in made.waves.values()} == {(2, 24000 + round(GAP * 24000))}
    assert made.seconds == pytest.approx(1 + GAP)
    np.testing.assert_allclose(
        made.waves["low"][1, 2000:14000], sine(700, 0.7, 24000)[0, 2000:14000], atol=1e-3
    )
    assert not made.waves["low"][:, 17000:].any()
    assert "resampled to 24000 Hz: low (16000 Hz)" in made.notes
    assert any(note.startswith("low: 0.30 s shorter") for note in made.notes)


def test_long_clips_are_cut_and_faded_out_and_24_bits_are_kept(tmp_path: Path) -> None:
    tone = np.where(np.arange(32000) % 2, 0.5, -0.5).astype(np.float32)[None]
    made = prepared(tmp_path, {"a": (tone, 16000), "b": (tone, 16000)}, seconds=1.0, match=False)
    wave = made.waves["a"][0]
    assert made.seconds == 1 + GAP
    assert wave[15839] == 0.5
    assert np.all(np.diff(np.abs(wave[15840:16000])) < 0)
    assert not wave[16000:].any()
    assert "cut to 1 s" in made.notes
    assert made.subtype == "PCM_16"
    io.write(tmp_path / "b" / "x.wav", tone, 16000, subtype="PCM_24")
    deep = prepare(
        [pairing.open_source(name, tmp_path / name, []) for name in "ab"],
        "x", seconds=1.0, match=False, anchors=False,
    )  # fmt: skip
    assert deep.subtype == "PCM_24"


@pytest.mark.parametrize("rate", [22050, 48000])
@pytest.mark.parametrize("cutoff", [3500.0, 7000.0])
def test_anchors_pass_and_stop_as_the_recommendation_asks(rate: int, cutoff: float) -> None:
    """±0.1 dB up to the cut-off; 25 dB less from 8/7 of it on (4 kHz), 50 dB from 9/7 on."""
    impulse = np.zeros((1, 8192), np.float32)
    impulse[0, 4096] = 1
    response = low_pass(impulse, rate, cutoff)
    assert np.abs(response).argmax() == 4096
    spectrum = 20 * np.log10(np.abs(np.fft.rfft(response[0])) + 1e-9)
    hertz = np.fft.rfftfreq(8192, 1 / rate)
    assert np.abs(spectrum[hertz <= cutoff]).max() < 0.1
    assert spectrum[hertz >= cutoff * 8 / 7].max() < -60
    assert spectrum[hertz >= cutoff * 9 / 7].max() < -60


def test_anchors_are_made_only_of_what_has_something_to_lose(tmp_path: Path) -> None:
    assert [audible(3500, rate) for rate in (8000, 16000)] == [False, True]
    assert [audible(7000, rate) for rate in (16000, 22050)] == [False, True]
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 32000)).astype(np.float32)
    waves = {"reference": (noise, 16000), "other": (noise, 16000)}
    made = prepared(tmp_path, waves, anchors=True)
    assert list(made.waves) == ["reference", "other", "anchor 3.5 kHz"]
    lost = decibels(made.waves["anchor 3.5 kHz"]) - decibels(made.waves["reference"])
    assert lost == pytest.approx(10 * math.log10(3750 / 8000), abs=0.2)


def test_a_silent_reference_is_refused(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros((1, 16000), np.float32), sine(500, 1, 16000)], axis=1)
    waves = {"reference": (late, 16000), "a": (late, 16000)}
    with pytest.raises(UserError, match=r"silent for its first 0\.5 s"):
        prepared(tmp_path, waves, seconds=0.5)


def test_clips_pair_by_name_without_extension_and_the_rest_is_named(tmp_path: Path) -> None:
    tone = sine(500, 0.3, 16000)
    for file in ("a/ß/1.wav", "a/2.wav", "a/2.flac", "a/3.wav", "b/ß/1.flac", "b/2.ogg"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        io.write(tmp_path / file, tone, 16000)
    (tmp_path / "b" / "3.wav").write_bytes(b"RIFF")
    left_out: list[LeftOut] = []
    found = [pairing.open_source(name, tmp_path / name, left_out) for name in "ab"]
    assert pairing.common(found, left_out) == ["ß/1"]
    reported = [str(entry) for entry in left_out]
    assert "a: 2: several files of this name: 2.flac, 2.wav: keep one" in reported
    assert "a: 3.wav: not in b" in reported
    assert any(line.startswith("b: 3.wav: ") for line in reported)
    with pytest.raises(UserError, match=r"no clip is in all folders: a has 3; b has ß/1;"):
        pairing.common([Source("a", tmp_path, {"3": found[0].clips["3"]}),
                        Source("b", tmp_path, {"ß/1": found[1].clips["ß/1"]})], [])  # fmt: skip


def test_clips_are_drawn_from_all_over() -> None:
    """One of each quarter, the same for the same seed, different for another."""
    names = [f"{number:02d}" for number in range(20)]
    drawn = [stretch[0] for stretch in pairing.spread(names, 4, seed=1)]
    assert [int(name) // 5 for name in drawn] == [0, 1, 2, 3]
    assert drawn == [stretch[0] for stretch in pairing.spread(names, 4, seed=1)]
    others = {tuple(s[0] for s in pairing.spread(names, 4, seed=seed)) for seed in range(20)}
    assert len(others) > 10
    assert sorted(name for s in pairing.spread(names, 4, seed=1) for name in s) == names
    assert [len(stretch) for stretch in pairing.spread(names[:3], 8, seed=1)] == [1, 1, 1]


def test_systems_of_one_name_are_distinguished(tmp_path: Path) -> None:
    assert pairing.names([Path("/x/out"), Path("/y/out"), Path("/y/b/")]) == [
        *("/x/out", "/y/out", "b")
    ]
    assert pairing.names([Path("/x/reference")]) == ["/x/reference"]
    with pytest.raises(UserError, match="given twice"):
        pairing.names([tmp_path, tmp_path / "."])


def test_a_damaged_clip_is_left_out_whatever_else_is_odd_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"sample_rate": 8000, "channels": 1, "frames": 8000, "swing": 0.1}
    known |= {"peak": 0.5, "channel_peak": 0.5, "note": "several streams"}
    clips = (
        manifest.to_clip("cut.wav", manifest.Facts(**known, damage="it ends early")),
        manifest.to_clip("damaged/whole.wav", manifest.Facts(**known)),
    )
    found = manifest.Manifest(tmp_path, clips, ())
    monkeypatch.setattr(pairing, "scan", lambda *_args, **_named: found)
    left_out: list[LeftOut] = []
    assert list(pairing.open_source("a", tmp_path, left_out).clips) == ["damaged/whole"]
    assert [(entry.system, entry.file) for entry in left_out] == [("a", "cut.wav")]
    assert "it ends early" in left_out[0].reason
