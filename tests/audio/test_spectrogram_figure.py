"""Pictures of several spectrograms: each clip in its place, on one scale of level and pitch."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from wavegan import UserError, colours
from wavegan.audio import spectrogram_figure
from wavegan.audio.spectrogram_figure import sheet, side_by_side
from wavegan.audio.spectrogram_levels import DYNAMIC_RANGE, ROWS

pytest.importorskip("matplotlib")
RATE = 16000


def tone(frequency: float, level: float = 0.5) -> torch.Tensor:
    return level * torch.sin(2 * np.pi * frequency * torch.arange(8000) / RATE)[None]


def test_each_clip_has_its_place_and_level_and_pitch(tmp_path: Path) -> None:
    from matplotlib import image

    file = tmp_path / "new" / "sheet.png"
    clips = [
        ("high", tone(3000)),
        ("none", None),
        ("low", tone(150).numpy()),
        ("quiet", tone(150, 1e-5)),
        ("stereo", tone(3000).repeat(2, 1)),
    ]
    sheet(file, clips, RATE, columns=2)
    picture = image.imread(file)[..., :3].sum(-1)
    assert picture.shape == (420, 300)
    high, empty, low, quiet, stereo, beyond = (
        picture[140 * row + 30 : 140 * row + 130, 150 * column + 20 : 150 * column + 130]
        for row in range(3)
        for column in range(2)
    )
    assert (empty == 3).all()
    assert (beyond == 3).all()
    assert quiet.max() < 0.5 < 1.5 < low.max()
    assert high.mean(1).argmax() < 40 < 70 < low.mean(1).argmax()
    assert np.abs(high - stereo).mean() < 0.05 < np.abs(high - low).mean()


def test_it_has_the_colours_of_reports(tmp_path: Path) -> None:
    from matplotlib import image

    sheet(tmp_path / "sheet.png", [("tone", tone(3000)), ("quiet", tone(150, 1e-5))], RATE)
    pixels = (255 * image.imread(tmp_path / "sheet.png")[..., :3]).round().astype(int)
    quiet = pixels[60:100, 190:260].reshape(-1, 3)
    assert np.abs(quiet - colours.level()[0].astype(int)).max() <= 1


@pytest.mark.parametrize("clips", [[], [("nothing", None)]])
def test_nothing_to_draw_and_unknown_formats_are_refused(
    tmp_path: Path, clips: list[tuple[str, None]]
) -> None:
    with pytest.raises(UserError, match="needs a clip"):
        sheet(tmp_path / "sheet.png", clips, RATE)
    with pytest.raises(UserError, match=r"no picture format '\.banana'"):
        sheet(tmp_path / "sheet.banana", [("tone", tone(300))], RATE)


@pytest.mark.parametrize("title", ["sn\udce9", "$_{", "$a$", "日本"])
def test_a_title_is_any_name_of_a_folder(tmp_path: Path, title: str) -> None:
    sheet(tmp_path / "sheet.png", [(title, tone(300))], RATE)
    assert (tmp_path / "sheet.png").is_file()


def size(file: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    content = file.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_side_by_side_each_clip_has_a_panel(tmp_path: Path) -> None:
    side_by_side(tmp_path / "new" / "two.png", {"one": tone(300), "two": tone(300)}, RATE)
    side_by_side(tmp_path / "one.png", {"one": tone(300)[0].numpy()}, RATE)
    assert size(tmp_path / "new" / "two.png") == (1200, 400)
    assert size(tmp_path / "one.png") == (600, 400)


def test_half_the_level_is_6_db_darker_on_one_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = []
    monkeypatch.setattr(spectrogram_figure, "_save", lambda figure, _: figures.append(figure))
    side_by_side(tmp_path / "a.png", {"loud": tone(3000), "quiet": tone(3000) / 2}, RATE)
    images = [image for axis in figures[0].axes for image in axis.images]
    loud, quiet = (np.asarray(image.get_array()) for image in images)
    # 20 log10(0.5) re a full-scale sine, and half of it
    assert loud.max() == pytest.approx(-6.02, abs=0.1)
    assert quiet.max() == pytest.approx(-12.04, abs=0.1)
    assert [image.get_clim() for image in images] == [(-5 - DYNAMIC_RANGE, -5)] * 2
    row = int(loud.mean(1).argmax())
    highest = np.log10(1 + RATE / 2 / 700)
    assert row == pytest.approx(np.log10(1 + 3000 / 700) / highest * ROWS, abs=2)
    place = dict(
        zip(
            [label.get_text() for label in figures[0].axes[0].get_yticklabels()],
            figures[0].axes[0].get_yticks(),
            strict=True,
        )
    )
    assert place["4 k"] == pytest.approx(np.log10(1 + 4000 / 700) / highest * ROWS, abs=0.01)


@pytest.mark.parametrize("samples", [1, 3000])
def test_silence_and_the_shortest_clip_are_drawn(tmp_path: Path, samples: int) -> None:
    side_by_side(tmp_path / "silence.png", {"silence": torch.zeros(samples)}, RATE)
    assert size(tmp_path / "silence.png") == (600, 400)


def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    with pytest.raises(UserError, match=r'pip install "wavegan\[plot\]"'):
        side_by_side(tmp_path / "tone.png", {"tone": tone(300)}, RATE)
