"""The default metrics: those whose packages are installed, and the messages about the others."""

import sys

import pytest

from wavegan.errors import UserError
from wavegan.evaluation.selection import DEFAULT, choose


def test_the_usual_metrics_and_how_to_add_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    for package in ("pesq", "pystoi", "pyloudnorm", "librosa"):
        monkeypatch.setitem(sys.modules, package, None)
    keys = list(choose(["+mcd_dtw"], notes.append))
    assert keys == [*(k for k in DEFAULT if k in ("log_mel_l1", "mrstft", "lsd", "mcd")), "mcd_dtw"]
    assert sum('pip install "wavegan[metrics]"' in note for note in notes) == len(DEFAULT) - 4
    assert list(choose(["mcd_dtw"], notes.append)) == ["mcd_dtw"]
    with pytest.raises(UserError, match="pip install"):
        choose(["pesq_wb"], notes.append)
