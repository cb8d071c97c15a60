"""Pictures of spectrograms: a PNG with one panel a clip, on one scale."""

import struct
import sys

import numpy as np
import pytest

from wavegan import colours
from wavegan.errors import UserError
from wavegan.inference.picture import draw

RATE = 16000
TONE = (0.5 * np.sin(2 * np.pi * 3000 * np.arange(RATE // 4) / RATE)).astype(np.float32)


@pytest.fixture
def matplotlib():
    pytest.importorskip("librosa")
    return pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def size(file):
    """Width and height of a PNG, from its header."""
    content = file.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert content[-8:-4] == b"IEND"
    return struct.unpack(">II", content[16:24])


@pytest.mark.usefixtures("matplotlib")
def test_each_clip_has_a_panel(tmp_path):
    draw(tmp_path / "new" / "two.png", {"original": TONE, "vocoded": TONE / 2}, RATE)
    draw(tmp_path / "one.png", {"vocoded": TONE}, RATE)
    assert size(tmp_path / "new" / "two.png") == (1200, 400)
    assert size(tmp_path / "one.png") == (600, 400)
    assert (tmp_path / "new" / "two.png").stat().st_size > 10_000


def test_a_tone_is_brightest_at_its_frequency_and_half_of_it_is_6_db_darker(
    tmp_path, matplotlib, monkeypatch
):
    from librosa import display

    drawn, ramps = [], []
    show = display.specshow

    def shown(data, **options):
        drawn.append(data)
        ramps.append(options["cmap"])
        return show(data, **options)

    monkeypatch.setattr(display, "specshow", shown)
    draw(tmp_path / "two.png", {"loud": TONE, "quiet": TONE / 2}, RATE)
    loud, quiet = drawn
    assert ramps == [colours.for_matplotlib()] * 2
    assert loud.max() == pytest.approx(0, abs=0.1)
    assert abs(np.argmax(loud.mean(1)) * RATE / 1024 - 3000) < RATE / 1024
    assert quiet.max() == pytest.approx(-6.02, abs=0.1)


@pytest.mark.usefixtures("matplotlib")
@pytest.mark.filterwarnings("ignore:n_fft=1024 is too large")
@pytest.mark.parametrize("samples", [1, 3000])
def test_silence_and_the_shortest_clip_are_drawn(tmp_path, samples):
    draw(tmp_path / "silence.png", {"silence": np.zeros(samples, np.float32)}, RATE)
    assert size(tmp_path / "silence.png") == (600, 400)


@pytest.mark.usefixtures("matplotlib")
def test_an_unknown_kind_of_picture_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"wave\.wav: no picture format '\.wav'"):
        draw(tmp_path / "wave.wav", {"tone": TONE}, RATE)
    assert not (tmp_path / "wave.wav").exists()


@pytest.mark.parametrize("missing", ["librosa", "matplotlib.figure"])
def test_without_the_packages_it_says_what_to_install(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=r'pip install "wavegan\[plot\]"'):
        draw(tmp_path / "tone.png", {"tone": TONE}, RATE)
