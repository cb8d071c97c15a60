"""`wavegan report` as a user types it."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from wavegan import recipe
from wavegan.audio import io
from wavegan.cli import app


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["report", *map(str, words)])


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Folders `real` and `made` of two clips, and one that is damaged."""
    place = np.arange(4000) / 8000
    for number, name in enumerate(("real/1", "real/2", "made/1", "made/2")):
        file = tmp_path / f"{name}.wav"
        file.parent.mkdir(exist_ok=True)
        io.write(file, 0.3 * np.sin(2 * math.pi * (300 + number) * place), 8000)
    (tmp_path / "made" / "2.wav").write_bytes(b"no audio")
    return tmp_path


@pytest.fixture
def run(tmp_path: Path, small: str) -> Path:
    folder = tmp_path / "runs" / "voice"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(recipe.dump(recipe.load(small)), encoding="utf-8")
    line = {"kind": "train", "step": 3, "generator/total": 1.5}
    (folder / "metrics.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return folder


def test_a_run_gets_its_page(run: Path) -> None:
    result = call(run)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{run / 'report.html'}: 0.1 MB, clips to listen to: 0")
    assert "<title>voice: report</title>" in (run / "report.html").read_text(encoding="utf-8")


def test_folders_get_a_page_where_one_stands(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clips)
    result = call("real", "made", "--no-metrics")
    assert result.exit_code == 0, result.output
    assert result.stdout == "report.html: 0.1 MB, clips to listen to: 2\n"
    assert result.stderr.startswith("left out: made/2.wav: ")
    assert result.stderr.count("\n") == 1


def test_json_is_one_object(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    words = (clips / "real", clips / "made", "--out", out, "--no-metrics", "--clips", 1, "--json")
    result = call(*words)
    assert result.exit_code == 0, result.output
    reported = json.loads(result.stdout)
    assert (reported["report"], reported["bytes"], reported["clips"]) == (
        str(out),
        out.stat().st_size,
        1,
    )
    assert reported["audio_bytes"] < 2 * 8100


def test_quiet_says_nothing(clips: Path, tmp_path: Path) -> None:
    words = (clips / "real", clips / "made", "--out", tmp_path / "p.html", "--no-metrics", "-q")
    result = call(*words)
    assert (result.exit_code, result.output) == (0, "")


def test_a_report_of_ours_is_replaced_and_other_files_only_with_force(
    run: Path, clips: Path
) -> None:
    for words in ((run,), (run, "--out", clips / "page.html")):
        assert call(*words).stderr == ""
        again = call(*words)
        assert again.exit_code == 0
        assert "an earlier report is replaced" in again.stderr
    mine, sound = clips / "mine.html", clips / "real" / "1.wav"
    mine.write_text("<h1>mine</h1>")
    refused = call(run, "--out", mine)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert str(mine) in refused.stderr
    assert "--force" in refused.stderr
    assert mine.read_text() == "<h1>mine</h1>"
    assert call(run, "--out", mine, "--force").exit_code == 0
    before = sound.read_bytes()
    kept = call(clips / "real", clips / "made", "--out", sound, "--force")
    assert (kept.exit_code, sound.read_bytes()) == (2, before)


def test_mistakes_are_one_line(run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for words, message in (
        ((tmp_path / "gone",), "gone: it does not exist"),
        ((tmp_path / "empty",), "empty: nothing to report"),
        ((run, "--seconds", 0), "--seconds 0: give a number above 0"),
        ((run, "--evaluation", tmp_path / "gone.json"), "gone.json: No such file"),
        ((run, "--out", tmp_path), "this is a folder; give --out a file"),
    ):
        result = call(*words)
        assert (result.exit_code, result.stdout) == (2, ""), words
        assert result.stderr.count("\n") == 1
        assert message in result.stderr


def test_open_shows_the_page(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("typer.launch", shown.append)
    assert call(run, "--open").exit_code == 0
    assert shown == [str((run / "report.html").resolve())]


def test_help_shows_examples() -> None:
    assert call("-h").stdout.count("wavegan report") >= 3


def test_no_extra_is_needed(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("matplotlib", "PIL", "librosa", "scipy", "torchaudio", "accelerate"):
        monkeypatch.setitem(sys.modules, package, None)
    result = call(clips / "real", clips / "made", "--out", clips / "p.html", "--no-metrics")
    assert result.exit_code == 0, result.output
