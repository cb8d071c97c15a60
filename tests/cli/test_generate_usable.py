"""`wavegan generate` draws silence and hits for loops again, and says what is missing."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from wavegan import Synthesizer
from wavegan.inference.usable import UnusableWarning

Call = Callable[..., Result]
Save = Callable[..., Path]


def waves(folder: Path) -> dict[str, np.ndarray]:
    """The content of the files, by name."""
    return {
        file.name: soundfile.read(file, dtype="float32")[0]
        for file in sorted(folder.iterdir())
        if file.suffix != ".png"
    }


def peaks(folder: Path) -> list[float]:
    return [float(np.abs(wave).max()) for wave in waves(folder).values()]


def test_silent_clips_are_drawn_again_by_a_rule(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    """Half of the latents give silence here."""
    model = hits(mute=0.0, labelled=False)
    words = ("-n", 12, "--seed", 5)
    result = generate_of(model, *words, "--json")
    assert result.exit_code == 0
    assert min(peaks(tmp_path / "out")) > 0.4
    files = json.loads(result.stdout)["files"]
    again = {place: file["drawn"] for place, file in enumerate(files) if "drawn" in file}
    assert again
    assert f"{len(again)} of 12 clips" in result.stderr
    synthesizer = Synthesizer.from_pretrained(model, trust_code=True)
    for place, number in again.items():
        assert number % 1_000_000 == place
        with pytest.warns(UnusableWarning, match=f"clip {place} is silent"):
            assert synthesizer.sample(seed=5, first=place).abs().max() == 0
        wave = soundfile.read(files[place]["output"], dtype="float32")[0]
        own = synthesizer.sample(seed=5, first=number)[0, 0].numpy()
        assert np.abs(wave - own).max() <= 1 / 2**15
    generate_of(model, *words, "--batch-size", 1, out="again")
    for name in waves(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_clip_drawn_again_is_an_end_of_an_interpolation(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    model = hits(mute=0.0, labelled=False)
    files = json.loads(generate_of(model, "-n", 12, "--seed", 5, "--json").stdout)["files"]
    place = next(place for place, file in enumerate(files) if "drawn" in file)
    loud = next(place for place, file in enumerate(files) if "drawn" not in file)
    generate_of(model, "-n", 2, "--interpolate", f"5_{place}:5_{loud}", out="way")
    first, last = waves(tmp_path / "way").values()
    for wave, end in ((first, place), (last, loud)):
        own = soundfile.read(files[end]["output"], dtype="float32")[0]
        assert np.abs(wave - own).max() <= 1e-4


def test_a_model_that_makes_only_silence_is_a_failure(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    result = generate_of(hits(mute=99.0), "-n", 3, "--seed", 5, "--grid")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    for part in ("all 3 clips are silent", "training has collapsed", "drawn 6 times"):
        assert part in result.stderr
    assert not (tmp_path / "out").exists()


def test_what_stays_silent_is_left_out_and_named(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    """One of 50 latents gives sound; with this seed it is one of 20 clips."""
    model = hits(mute=1.5, labelled=False)
    result = generate_of(model, "-n", 8, "--seed", 3, "--json")
    reported = json.loads(result.stdout)
    made = waves(tmp_path / "out")
    assert 0 < len(made) < 8
    assert len(reported["files"]) == len(made)
    assert len(reported["left_out"]) == 8 - len(made)
    assert all(name not in made for name in reported["left_out"])
    assert result.exit_code == 1
    assert f"{8 - len(made)} of 8 clips " in result.stderr
    assert min(reported["left_out"]) in result.stderr


def test_a_hit_is_refused_as_a_loop(hits: Save, generate_of: Call, tmp_path: Path) -> None:
    model = hits()
    for words in (["--label", "hit"], ["--label", "hit", "--seconds", "2.048"]):
        result = generate_of(model, "-n", 2, "--loop", *words)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        for part in ("--loop", "hit_", "dies away", "--label"):
            assert part in result.stderr
        assert not (tmp_path / "out").exists()
    result = generate_of(model, "-n", 2, "--loop", "--label", "stay")
    assert result.exit_code == 0
    assert peaks(tmp_path / "out") == pytest.approx([0.5, 0.5], abs=0.01)


def test_loops_that_hold_are_kept_where_others_do_not(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    result = generate_of(hits(), "-n", 4, "--loop", "--seed", 1)
    assert result.exit_code == 1
    assert list(waves(tmp_path / "out")) == ["stay_1_0001.wav", "stay_1_0003.wav"]
    assert "2 of 4 clips were not written: hit_1_0000.wav, hit_1_0002.wav" in result.stderr


def test_the_faint_tail_of_a_sound_is_a_loop_once_it_is_brought_up(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    """The loop of a sound that falls by 50 dB is 25 dB or more below it."""
    model = hits(decay=50.0, labelled=False)
    refused = generate_of(model, "-n", 1, "--loop")
    assert refused.exit_code == 2
    assert "quieter than the sound without looping" in refused.stderr
    assert generate_of(model, "-n", 1, "--loop", "--peak", "0.9").exit_code == 0
    assert peaks(tmp_path / "out") == pytest.approx([0.9], abs=1e-3)


def test_networks_trained_on_loops_may_make_pauses(hits: Save, generate_of: Call) -> None:
    assert generate_of(hits(circular=True, labelled=False), "-n", 1, "--loop").exit_code == 0


def test_python_warns_of_loops_that_die_away(hits: Save) -> None:
    synthesizer = Synthesizer.from_pretrained(hits(), trust_code=True)
    with pytest.warns(UnusableWarning, match=r"clip 0 is .*dies away"):
        synthesizer.sample(1, "hit", seed=1, loop=True)


def test_long_hits_give_a_warning_of_silence_after_the_first(hits: Save, generate_of: Call) -> None:
    result = generate_of(hits(decay=200.0), "-n", 2, "--seed", 1, "--seconds", 3)
    assert result.exit_code == 0
    assert "1 of 2 clips die away" in result.stderr
    assert "hit_1_0000.wav" in result.stderr
