"""`wavegan listen`: pages of folders, what is left out, and mistakes in one line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from wavegan.audio import io
from wavegan.cli import app
from wavegan.listening import page

SYSTEMS = ("hifigan-v1", "melgan")


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["listen", *map(str, words)])


@pytest.fixture
def noises(tmp_path: Path) -> Path:
    """Folders a, b, c of four clips; one of b's is missing, one of c's is broken."""
    rng = np.random.default_rng(0)
    for system in "abc":
        (tmp_path / system).mkdir()
        for clip in range(4):
            wave = rng.uniform(-0.2, 0.2, (1, 8000)).astype(np.float32)
            io.write(tmp_path / system / f"clip{clip}.wav", wave, 16000)
    (tmp_path / "b" / "clip1.wav").unlink()
    (tmp_path / "c" / "clip2.wav").write_bytes(b"RIFF")
    return tmp_path


def reported(file: Path) -> dict[str, object]:
    found = re.search(r'id="test">(.*?)</script>', file.read_text(encoding="utf-8"))
    assert found
    test: dict[str, object] = json.loads(found[1])
    return test


def test_a_page_of_real_vocoders(shared: Path, tmp_path: Path) -> None:
    demo = shared / "data" / "vocoder-demo" / "ljspeech"
    words = [demo / system for system in SYSTEMS]
    words += ["--reference", demo / "ground-truth", "--clips", 2, "--out", tmp_path / "t"]
    result = call(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    made = json.loads(result.stdout)
    assert [(c["name"], c["role"]) for c in made["conditions"]] == [
        ("reference", "reference"),
        *((system, "system") for system in SYSTEMS),
        ("anchor 3.5 kHz", "anchor"),
        ("anchor 7 kHz", "anchor"),
    ]
    assert (made["trials"], len(made["clips"]), made["embedded"]) == (2, 2, True)
    assert all(clip["levels"] == "BS.1770" for clip in made["clips"])
    assert made["bytes"] == (tmp_path / "t" / "index.html").stat().st_size
    assert [file.name for file in (tmp_path / "t").iterdir()] == ["index.html"]
    test = reported(tmp_path / "t" / "index.html")
    assert test["id"] == made["id"]
    files = [trial["files"] for trial in test["trials"]]  # type: ignore[attr-defined]
    assert [len(set(names)) for names in files] == [5, 5]


def test_the_same_words_give_the_same_page_and_another_seed_another(noises: Path) -> None:
    words = (noises / "a", noises / "b", "--clips", 2, "-q")
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        assert call(*words, "--seed", seed, "--out", noises / name).exit_code == 0
    pages = [(noises / name / "index.html").read_bytes() for name in ("one", "two", "other")]
    assert pages[0] == pages[1] != pages[2]
    assert (
        reported(noises / "one" / "index.html")["id"]
        != reported(noises / "other" / "index.html")["id"]
    )


def test_what_does_not_pair_is_named_and_the_rest_is_used(noises: Path) -> None:
    result = call(noises / "a", noises / "b", "--reference", noises / "c", "--out", noises / "t")
    assert result.exit_code == 0
    assert "2 trials of 2 clips, 4 conditions" in result.stdout
    assert "left out: a: clip1.wav: not in b" in result.stderr
    assert "left out: reference: clip2.wav: " in result.stderr
    assert "no anchor 7 kHz: the reference's sample rate is too low for it" in result.stderr
    again = call(noises / "a", noises / "b", "--out", noises / "t", "--no-match-loudness")
    assert again.exit_code == 0
    assert "without reference and anchors" in again.stderr
    assert "levels are not matched" in again.stderr
    assert "3 trials of 3 clips, 2 conditions" in again.stdout


def test_abx_pairs_all_systems_or_each_with_the_reference(noises: Path) -> None:
    folders = [noises / name for name in "abc"]
    words = ("--test", "abx", "--trials", 5, "--json", "--out")
    pairs = json.loads(call(*folders, *words, noises / "t").stdout)
    assert (pairs["trials"], len(pairs["conditions"])) == (15, 3)
    beside = json.loads(call(*folders[:2], "--reference", folders[2], *words, noises / "t").stdout)
    assert (beside["trials"], len(beside["conditions"])) == (10, 3)
    one = json.loads(call(folders[0], "--reference", folders[2], *words, noises / "t").stdout)
    assert one["trials"] == 5


def test_without_a_loudness_meter_levels_are_matched_by_rms(
    noises: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyloudnorm", None)
    result = call(noises / "a", noises / "b", "--out", noises / "t")
    assert result.exit_code == 0
    assert 'pip install "wavegan[metrics]"' in result.stderr


def test_a_folder_that_is_somebodys_is_not_touched(noises: Path) -> None:
    words = (noises / "a", noises / "b", "--out")
    out = noises / "t"
    assert call(*words, out, "--no-embed").exit_code == 0
    assert {file.name for file in out.iterdir()} == {"index.html", "audio"}
    again = call(*words, out)
    assert again.exit_code == 0
    assert f"{out}: an earlier page is replaced" in again.stderr
    assert {file.name for file in out.iterdir()} == {"index.html"}
    (out / "results-ann.json").write_text("{}")
    refused = call(*words, out)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "t: it is in use (it contains results-ann.json); give a new folder" in refused.stderr
    assert "results-ann.json" in refused.stderr
    assert call(*words, out, "--force").exit_code == 2
    (noises / "site").mkdir()
    (noises / "site" / "index.html").write_text("<h1>mine</h1>")
    assert call(*words, noises / "site").exit_code == 2
    assert (noises / "site" / "index.html").read_text() == "<h1>mine</h1>"
    assert call(*words, noises / "site", "--force").exit_code == 0
    assert "a folder is needed" in call(*words, noises / "test.html").stderr
    inside = call(*words, noises / "a", "--force")
    assert inside.exit_code == 2
    assert len(list((noises / "a").iterdir())) == 4


def test_a_title_is_text_and_nothing_else(noises: Path) -> None:
    title = "</script><b>{{style}} & ü"
    assert call(noises / "a", noises / "b", "--out", noises / "t", "--title", title).exit_code == 0
    source = (noises / "t" / "index.html").read_text(encoding="utf-8")
    assert reported(noises / "t" / "index.html")["title"] == title
    assert "<title>&lt;/script&gt;&lt;b&gt;{{style}} &amp; ü</title>" in source
    assert source.count("</script><b>") == 0


def test_the_key_is_not_readable_at_a_glance() -> None:
    key = {"files": {"00ff": {"condition": "zebra"}}}
    text = page.concealed(key, "0123456789ab")
    import base64

    assert b"zebra" not in base64.b64decode(text)
    assert text != page.concealed(key, "ba9876543210")


def test_mistakes_are_one_line(noises: Path) -> None:
    a, b = noises / "a", noises / "b"
    (noises / "empty").mkdir()
    (noises / "other").mkdir()
    io.write(noises / "other" / "x.wav", np.full((1, 8000), 0.1, np.float32).cumsum(1) % 0.3, 16000)
    out = ("--out", noises / "t")
    for words, message in (
        ((a, b), "--out is missing"),
        ((a, *out), "a single system; add another"),
        ((a, a, *out), "given twice"),
        ((a, noises / "gone", *out), "gone: it does not exist"),
        ((a, noises / "empty", *out), "empty: it is empty"),
        ((a, noises / "other", *out), "no clip is in all folders: a has clip0, clip1, …; other"),
        ((a, b, *out, "--test", "abc"), "--test abc: unknown test; did you mean 'abx'?"),
        ((a, b, *out, "--clips", 0), "--clips 0: give 1 or more"),
        ((a, b, *out, "--trials", 0), "--trials 0: give 1 to 200"),
        ((a, b, *out, "--seconds", 0.1), "--seconds 0.1: give 0.5 to 60"),
        ((a, b, *out, "--title", " "), "--title: give 1 to 80 characters"),
        ((a, b, "--out", a / "clip0.wav"), "it is a file; give a new folder"),
        (("--score", a), "no .json files"),
        (("--score", noises / "gone"), "gone: it does not exist"),
        (("--score", a, *out), "leave out --out"),
    ):
        result = call(*words)
        assert (result.exit_code, result.stdout) == (2, ""), words
        assert result.stderr.splitlines()[-1].startswith("error: "), words
        assert message in result.stderr.splitlines()[-1]
    assert not (noises / "t").exists()


def test_help_shows_examples() -> None:
    assert call("-h").stdout.count("wavegan listen ") >= 3
