"""The level of the clips of `wavegan generate`: headroom, a peak, or unchanged."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from wavegan import Synthesizer

HEADROOM = 10 ** (-1 / 20)
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


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], HEADROOM),
        (["--subtype", "pcm24"], HEADROOM),
        (["--format", "flac"], HEADROOM),
        (["--peak", "0.5"], 0.5),
        (["--peak", "-6dB"], 10 ** (-6 / 20)),
        (["--peak", "1"], 1.0),
        (["--peak", "none"], 1.0),
        (["--subtype", "float"], 2.0),
        (["--subtype", "float", "--peak", "0.5"], 0.5),
    ],
)
def test_peaks_above_full_scale_are_a_choice(
    hits: Save,
    generate_of: Call,
    tmp_path: Path,
    words: list[str],
    expected: float,
) -> None:
    result = generate_of(hits(gain=2.0), "-n", 2, "--seed", 1, *words)
    assert result.exit_code == 0
    assert peaks(tmp_path / "out") == pytest.approx([expected, expected], rel=5e-3)
    said = result.stderr
    assert ("scaled down to -1 dBFS" in said) == (expected == HEADROOM)
    assert ("clipped" in said) == ("none" in words)
    if expected == HEADROOM:
        assert "2 of 2" in said
        assert "+6.0 dBFS" in said


def test_quiet_clips_are_raised_only_where_a_peak_is_asked_for(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    model = hits(gain=0.1)
    generate_of(model, "-n", 2, "--seed", 1)
    assert max(peaks(tmp_path / "out")) < 0.101
    result = generate_of(model, "-n", 2, "--seed", 1, "--peak", "0.9", "--json", out="raised")
    assert peaks(tmp_path / "raised") == pytest.approx([0.9, 0.9], abs=1e-3)
    gains = [file["gain"] for file in json.loads(result.stdout)["files"]]
    assert gains == pytest.approx([9, 9], rel=0.01)


@pytest.mark.parametrize("peak", ["0", "-0.5", "1.5", "nan", "inf", "loud", "3dB", "1e-9", "--dB"])
def test_a_peak_that_is_none_is_refused(hits: Save, generate_of: Call, peak: str) -> None:
    result = generate_of(hits(), f"--peak={peak}")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert f"--peak {peak}" in result.stderr


def test_scaling_keeps_the_shape_and_leaves_what_fits_alone(
    hits: Save, generate_of: Call, tmp_path: Path
) -> None:
    for name, gain in (("loud", 2.0), ("fits", 0.98)):
        model = hits(name, gain=gain)
        generate_of(model, "-n", 2, "--seed", 1, out=f"{name}-out")
        made = Synthesizer.from_pretrained(model, trust_code=True).sample(2, seed=1)[:, 0].numpy()
        for wave, own in zip(waves(tmp_path / f"{name}-out").values(), made, strict=True):
            scale = HEADROOM / np.abs(own).max() if gain > 1 else 1.0
            assert np.abs(wave - scale * own).max() <= 1 / 2**15
