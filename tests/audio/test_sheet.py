"""A contact sheet: every clip in its place, on one scale, with its pitch to be seen."""

from pathlib import Path

import numpy as np
import pytest
import torch

from wavegan import UserError, colours
from wavegan.audio.sheet import sheet

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
