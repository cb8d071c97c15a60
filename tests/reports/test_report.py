"""The page, parsed: what is in it for a run, for several, for folders, and for damaged ones."""

import base64
import io as memory
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.evaluation import selection
from wavegan.reports import clips, report, tables

HOSTILE = '"><img src=x onerror=alert(1)>'


def embedded(element: Any) -> tuple[np.ndarray, int]:
    """The audio in a player's address."""
    found = re.fullmatch(r"data:audio/(?:flac|wav);base64,([\w+/=]+)", element.attributes["src"])
    assert found, element.attributes["src"][:40]
    audio, rate = soundfile.read(memory.BytesIO(base64.b64decode(found[1])), dtype="float32")
    return audio, rate


def section(page: Any, name: str) -> Any:
    return page.all("section", id=name)[0]


def rows(table: Any) -> dict[str, list[str]]:
    """A table's cells by the heads of its rows."""
    lines = [row for row in table.all("tr") if row.all("td")]
    return {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in lines}


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "voice")


@pytest.fixture(scope="module")
def written(run: Path) -> report.Report:
    return report.write([run])


@pytest.fixture(scope="module")
def page(written: report.Report, parsed: Callable[..., Any]) -> Any:
    return parsed(written.path)


def test_the_page_of_a_run_is_in_its_folder(run: Path, written: report.Report) -> None:
    assert written.path == run / "report.html"
    assert written.size == written.path.stat().st_size < 600_000
    assert (written.clips, written.left_out) == (2, [])
    assert not list(run.glob(".report*"))


def test_nothing_is_fetched(written: report.Report, page: Any) -> None:
    text = written.path.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//\w|@import|url\(", re.sub(r"base64,[\w+/=]+", "", text))
    for element in page.all():
        for key in ("src", "href"):
            address = element.attributes.get(key, "#")
            assert address.startswith(("data:", "#")), address
    policy = [meta for meta in page.all("meta") if "http-equiv" in meta.attributes]
    assert policy[0].attributes["content"].startswith("default-src 'none'")


def test_it_has_a_language_a_title_and_the_verdict(page: Any) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.all("title")[0].text == "voice: report"
    how = section(page, "how")
    assert "40 of 60" in how.all("p", class_="verdict")[0].text
    assert "No alarms." in how.text


def test_each_clip_has_its_original_and_both_steps_to_hear(run: Path, page: Any) -> None:
    found = section(page, "listen").all("section", class_="clip")
    assert [clip.attributes["data-name"] for clip in found] == ["00_one", "01_two"]
    cards = found[0].all("figure", class_="card")
    assert [card.all("figcaption")[0].text for card in cards] == [
        "original",
        "step 20",
        "step 40 best",
    ]
    for card, file in zip(
        cards,
        ("00000040/00_one_original", "00000020/00_one_generated", "00000040/00_one_generated"),
        strict=True,
    ):
        heard, rate = embedded(card.all("audio")[0])
        wanted, own = io.read(run / "samples" / f"{file}.wav")
        assert rate == own
        assert np.array_equal(heard, wanted[0])


def test_differences_are_drawn_where_there_is_an_original(page: Any) -> None:
    cards = section(page, "listen").all("section", class_="clip")[0].all("figure", class_="card")
    differences = [card.all("div", class_="difference") for card in cards]
    assert [len(found) for found in differences] == [0, 1, 1]
    # at step 40 the clip is its original; at step 20 a tone 20 Hz away
    assert "differs by 0 dB" in cards[2].text.replace("0.0 dB", "0 dB")
    assert "0.0 dB" not in cards[1].text
    alts = [image.attributes["alt"] for image in cards[2].all("img")]
    assert alts[0] == "Spectrogram of 00_one, step 40"
    assert alts[1].startswith("Difference of 00_one, step 40, from the original: 0.0 dB")


def test_previews_are_measured_with_intervals(page: Any) -> None:
    table = section(page, "metrics").all("table")[0]
    heads = [head.text for head in table.all("thead")[0].all("th")]
    assert heads == ["", "step 20", "step 40"]
    found = rows(table)
    assert list(found) == ["log-mel L1 ↓ nepers", "MR-STFT ↓"]
    near, same = found["log-mel L1 ↓ nepers"]
    assert same == "0"
    mean, low, high = map(float, re.findall(r"[\d.]+", near))
    assert 0 < low <= mean <= high
    assert "Means over 2 clips" in section(page, "metrics").text
    assert "Few clips" in section(page, "metrics").text


def test_all_groups_of_curves_are_there(page: Any) -> None:
    titles = {
        group.all("h3")[0].text: [figure.all("b")[0].text for figure in group.all("figure")]
        for group in section(page, "curves").all("section", class_="group")
    }
    assert titles == {
        "Metrics of held-out clips": ["log-mel L1", "MR-STFT"],
        "Losses of the generator": ["total", "mel"],
        "Losses of the discriminator": ["total"],
        "Accuracy of the discriminator": ["real, in training", "generated, in training"],
        "Gradient norms": ["generator", "discriminator"],
        "Learning rate": ["generator"],
        "Speed and waiting": ["steps", "training audio", "waiting for the loader"],
    }
    numbers = section(page, "curves").all("table")[0]
    assert rows(numbers) == {"20": ["0.3", "1.5"], "40": ["0.15", "1.5"]}


def test_what_was_trained_on_what(page: Any) -> None:
    found = {key: cells[0] for key, cells in rows(section(page, "what").all("table")[0]).items()}
    assert found["generator"].startswith("hifigan")
    assert found["parameters"] == "generator 1.23 M, discriminator 2,345"
    assert "18 clips, 2.00 h; 3 held out" in found["data"]
    assert found["segment"] == "2,048 samples (0.09 s at 22,050 Hz)"
    assert found["steps"] == "40 of 60; best checkpoint at 40"
    assert "mpd × 1.0" in found["discriminators"]
    assert "upsample_initial_channel: 16" in section(page, "what").all("pre")[0].text


def test_machine_and_versions_are_those_of_the_run(page: Any) -> None:
    found = {k: cells[0] for k, cells in rows(section(page, "machine").all("table")[0]).items()}
    assert (found["processor"], found["memory (GiB)"], found["torch"]) == (
        "Abacus 3",
        "7.5",
        "2.13.0",
    )
    assert "precision" not in found  # it was null


def test_an_older_run_says_what_it_did_not_write_down(
    make_run: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    page = parsed(report.write([make_run(tmp_path / "old", start=False)], metrics=False).path)
    what = {key: cells[0] for key, cells in rows(section(page, "what").all("table")[0]).items()}
    assert "not logged" in what["data"]
    # counted from the recipe: the generator of tests/small.yaml
    assert re.fullmatch(r"generator [\d,]+", what["parameters"])
    machine = section(page, "machine")
    assert "were not logged" in machine.all("p")[0].text
    assert machine.all("summary")[0].text == "The machine and the versions that made this page"


def test_a_run_without_a_line_has_a_page(
    make_run: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "new", lines=[], names=())
    (run / "metrics.jsonl").unlink()
    page = parsed(report.write([run]).path)
    assert "Nothing was logged yet" in section(page, "curves").text
    assert "no clips to listen to" in section(page, "listen").text


def test_nan_alarms_and_resumes_are_shown(
    make_run: Callable[..., Path],
    line: Callable[..., dict[str, Any]],
    parsed: Callable[..., Any],
    tmp_path: Path,
) -> None:
    lines = [line(step) for step in range(1, 60)]
    lines.insert(30, {"kind": "start", "step": 30})
    lines.append({"kind": "validation", "step": 59, "log_mel_l1": 0.5})
    lines += [
        {"kind": "alarm", "step": 55, "text": "mode collapse: <b>all alike</b>"},
        line(60, **{"generator/total": None}),
    ]
    page = parsed(report.write([make_run(tmp_path / "r", lines)], metrics=False).path)
    alarm = section(page, "how").all("ul", class_="alarms")[0]
    assert alarm.text == "step 55 mode collapse: <b>all alike</b>"
    total = section(page, "curves").all("figure")[1]
    reported = [found.text for found in total.all("title")]
    assert "not finite at step 60" in reported
    assert "resumed at step 30" in reported
    assert "alarm at step 55: mode collapse: <b>all alike</b>" in reported
    legend = section(page, "curves").all("ul", class_="legend")[0].text
    assert "alarm" in legend
    assert "resumed" in legend


def test_a_curve_is_broken_where_validation_got_other_clips(
    make_run: Callable[..., Path],
    line: Callable[..., dict[str, Any]],
    parsed: Callable[..., Any],
    tmp_path: Path,
) -> None:
    lines = [line(step) for step in range(1, 60)]
    lines += [{"kind": "validation", "step": step, "log_mel_l1": 1.0} for step in range(10, 60, 10)]
    lines.append({"kind": "start", "step": 30, "other_clips": True})
    page = parsed(report.write([make_run(tmp_path / "r", lines)], metrics=False).path)
    curves = section(page, "curves")
    metric, total = curves.all("figure")[:2]
    assert metric.all("path", class_="line")[0].attributes["d"].count("M") == 2
    assert total.all("path", class_="line")[0].attributes["d"].count("M") == 1
    assert "validation has other clips from step 30 on" in [t.text for t in metric.all("title")]
    group = curves.all("section", class_="group")[0]
    assert "validation clips changed" in group.all("p", class_="dim")[0].text
    assert "validation clips changed" not in curves.all("section", class_="group")[1].text
    assert "other validation clips" in curves.all("ul", class_="legend")[0].text
    (row,) = (row for row in page.all("tr") if "other clips" in row.text)
    assert row.text.startswith("40")


def test_several_runs_are_overlaid_and_stand_side_by_side(
    run: Path, make_run: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    other = make_run(tmp_path / "b" / "voice")
    recipe = (other / "recipe.yaml").read_text(encoding="utf-8")
    (other / "recipe.yaml").write_text(recipe.replace("seed: 1234", "seed: 7"), encoding="utf-8")
    done = report.write([run, other], tmp_path / "both.html")
    page = parsed(done.path)
    names = json.loads(
        section(page, "curves").all("ul", class_="legend")[0].attributes["data-names"]
    )
    assert names == [str(run), str(other)]  # both folders are called the same
    cards = section(page, "listen").all("section", class_="clip")[0].all("figure", class_="card")
    heads = [card.all("b")[0].text for card in cards]
    assert heads == ["original", f"{run}, step 40", f"{other}, step 40"]
    first = section(page, "curves").all("figure")[0]
    assert len(first.all("path", class_="line")) == 2
    assert "seed ≠" in section(page, "what").text
    assert "batch ≠" not in section(page, "what").text


def test_clips_of_one_name_that_are_not_the_same_have_rows_of_their_own(
    run: Path, make_run: Callable[..., Path], tone: Callable[..., Path], tmp_path: Path
) -> None:
    other = make_run(tmp_path / "other")
    for step in (20, 40):
        tone(other / "samples" / f"{step:08d}" / "00_one_original.wav", seconds=0.9)
    gallery = clips.of_runs({"a": run, "b": other}, 1)
    assert gallery.names == ("00_one", "01_two", "b: 00_one", "b: 01_two")


def test_the_best_step_is_shown_next_to_the_last(run: Path, tone: Callable[..., Path]) -> None:
    for step in (60, 80, 100):
        tone(run / "samples" / f"{step:08d}" / "00_one_generated.wav")
    try:
        steps = [column.step for column in clips.of_runs({"a": run}, 2).columns]
        one = [column.step for column in clips.of_runs({"a": run}, 1).columns]
    finally:
        for step in (60, 80, 100):
            (run / "samples" / f"{step:08d}" / "00_one_generated.wav").unlink()
    assert steps == [40, 80, 100]
    assert one == [40, 100]


def test_folders_pair_with_the_first(
    tone: Callable[..., Path],
    parsed: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selection, "DEFAULT", ("log_mel_l1", "mrstft"))
    for number in (1, 2, 10):
        tone(tmp_path / "real" / f"{number}.flac", 300 + number)
        tone(tmp_path / "made" / f"{number}_generated.wav", 310 + number)
    out = tmp_path / "page.html"
    done = report.write([tmp_path / "real", tmp_path / "made"], out)
    page = parsed(out)
    assert done.clips == 3
    found = section(page, "listen").all("section", class_="clip")
    assert [clip.attributes["data-name"] for clip in found] == ["1", "2", "10"]
    heads = [card.all("b")[0].text for card in found[0].all("figure", class_="card")]
    assert heads == ["real", "made"]
    table = section(page, "metrics").all("table")[0]
    assert [head.text for head in table.all("thead")[0].all("th")][:3] == [
        "",
        "made",
        "originals against themselves",
    ]
    assert rows(table)["log-mel L1 ↓ nepers"][1] == "0"
    assert not page.all("section", id="curves")


def test_a_folder_of_systems_stands_for_them(tone: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("ground-truth", "a", "b"):
        tone(tmp_path / name / "1.wav")
    sources = report.find([tmp_path], None)
    assert (sources.reference, list(sources.folders)) == (tmp_path / "ground-truth", ["a", "b"])
    sources = report.find([tmp_path], tmp_path / "b")
    assert list(sources.folders) == ["a", "ground-truth"]
    # labels of one set share no clips: that is one system
    tone(tmp_path / "set" / "kick" / "1.wav")
    tone(tmp_path / "set" / "snare" / "2.wav")
    assert list(report.find([tmp_path / "set"], None).folders) == ["set"]


def test_bad_clips_are_named_and_the_rest_is_there(
    tone: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    for name in ("1", "2"):
        tone(tmp_path / "a" / f"{name}.wav")
        tone(tmp_path / "b" / f"{name}.wav")
    (tmp_path / "b" / "1.wav").write_bytes(b"RIFF, but no more")
    (tmp_path / "b" / "3.wav").write_bytes(b"")
    notes: list[str] = []
    paths = [tmp_path / "a", tmp_path / "b"]
    done = report.write(paths, tmp_path / "p.html", metrics=False, note=notes.append)
    assert done.clips == 2
    named = {Path(file).name for file, _ in done.left_out}
    assert named == {"1.wav", "3"}
    assert len(notes) == 2
    assert all(note.startswith("left out: ") for note in notes)
    page = parsed(tmp_path / "p.html")
    assert "Left out (2)" in section(page, "listen").text
    cards = section(page, "listen").all("figure", class_="card")
    assert ["clip missing" in card.text for card in cards] == [False, True, False, False]


def test_names_are_escaped(
    make_run: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    name = HOSTILE.replace("/", "")
    run = make_run(tmp_path / name, names=(name, "ünïcode 音"))
    recipe = (run / "recipe.yaml").read_text(encoding="utf-8")
    hostile = recipe.replace("description: for tests", "description: </script><script>alert(2)")
    (run / "recipe.yaml").write_text(hostile, encoding="utf-8")
    page = parsed(report.write([run]).path)
    assert not [image for image in page.all("img") if "onerror" in image.attributes]
    assert len(page.all("script")) == 1
    found = section(page, "listen").all("section", class_="clip")
    assert [clip.attributes["data-name"] for clip in found] == [name, "ünïcode 音"]
    assert page.all("h1")[0].text == name
    assert "</script><script>alert(2)" in section(page, "what").text


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_a_name_that_is_no_text_does_not_matter(
    tone: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    source = tone(tmp_path / "1.wav")
    folder = tmp_path / "set"
    folder.mkdir()
    os.rename(source, os.path.join(os.fsencode(folder), b"b\xffd.wav"))
    assert report.write([folder], tmp_path / "p.html").clips == 1
    assert "b\\xffd" in section(parsed(tmp_path / "p.html"), "listen").text


def test_long_clips_are_cut_and_reported(
    tone: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    tone(tmp_path / "set" / "1.wav", seconds=2)
    report.write([tmp_path / "set"], tmp_path / "p.html", seconds=0.25)
    card = section(parsed(tmp_path / "p.html"), "listen").all("figure", class_="card")[0]
    assert len(embedded(card.all("audio")[0])[0]) == 4000
    assert "first 0.25 s of 2.0 s" in card.text


def test_stereo_stays_stereo(parsed: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    wave = np.random.default_rng(0).uniform(-1, 1, (2, 800)).astype(np.float32)
    io.write(tmp_path / "set" / "1.wav", wave, 48000)
    report.write([tmp_path / "set"], tmp_path / "p.html")
    heard, rate = embedded(parsed(tmp_path / "p.html").all("audio")[0])
    assert (heard.shape, rate) == ((800, 2), 48000)


def test_a_long_run_gives_a_small_page(
    make_run: Callable[..., Path], line: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    lines = [line(100 * n) for n in range(1, 20_001)]
    lines += [{"kind": "validation", "step": 1000 * n, "log_mel_l1": 0.5} for n in range(1, 2001)]
    run = make_run(tmp_path / "long", lines, names=())
    assert (run / "metrics.jsonl").stat().st_size > 5e6
    assert report.write([run], metrics=False).size < 500_000


def test_evaluations_are_found_and_shown(
    make_run: Callable[..., Path], parsed: Callable[..., Any], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run")
    content = {
        "systems": [
            {"name": "new", "metrics": {"pesq_wb": {"mean": 3.5, "ci95": [3.4, 3.6], "n": 20}}},
            {"name": "old", "metrics": {"pesq_wb": {"mean": 3.1, "ci95": [3.0, 3.2], "n": 20}}},
            {"name": "none", "metrics": {"pesq_wb": {"mean": None, "ci95": [None, None], "n": 0}}},
        ],
        "floors": {"reference": {"metrics": {"pesq_wb": {"mean": 4.64, "ci95": None, "n": 20}}}},
        "left_out": [{"system": "old", "file": "7", "reason": "no such clip"}],
        "settings": {"match_gain": False},
    }
    (run / "evaluation-pesq.json").write_text(json.dumps(content), encoding="utf-8")
    (run / "evaluation-bad.json").write_text("[]", encoding="utf-8")
    notes: list[str] = []
    page = parsed(report.write([run], metrics=False, note=notes.append).path)
    table = section(page, "metrics").all("table")[0]
    assert rows(table) == {
        "PESQ-wb ↑ MOS-LQO": ["3.5[3.4, 3.6]", "3.1[3, 3.2]", "undefined", "4.64"]
    }
    assert [best.text for best in table.all("b")] == ["3.5"]
    assert "run: evaluation-pesq.json" in section(page, "metrics").text
    assert "old/7: no such clip" in section(page, "metrics").text
    assert len(notes) == 1
    assert "evaluation-bad.json: not an output of wavegan evaluate --json" in notes[0]


def test_lower_is_best_where_it_is() -> None:
    systems = [
        {"name": name, "metrics": {"mrstft": {"mean": mean, "ci95": [mean, mean], "n": 12}}}
        for name, mean in (("a", 1.0), ("b", 0.9))
    ]
    text = tables.evaluation({"systems": systems}, "x")
    assert re.findall(r"<b[^>]*>([\d.]+)</b>", text) == ["0.9"]
    assert "Few clips" not in text


def test_figures_of_sets_have_deviations() -> None:
    metrics = {"frechet": {"mean": 2.5, "deviation": 0.25, "n": 90, "parts": 3}}
    content = {"systems": [{"name": "made", "metrics": metrics}]}
    text = tables.evaluation(content, "sets")
    assert "2.5 ± 0.25" in text
    assert "deviation over parts" in text


def test_mistakes_are_reported_by_name(
    run: Path, make_run: Callable[..., Path], tone: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    tone(tmp_path / "set" / "1.wav")
    tone(tmp_path / "other" / "2.wav")
    wrong = tmp_path / "x.json"
    wrong.write_text('{"a": 1}', encoding="utf-8")
    for paths, options, message in (
        ([tmp_path / "gone"], {}, "gone: it does not exist"),
        ([wrong], {}, "x.json: not a folder"),
        ([tmp_path / "empty"], {}, "empty: .*no recipe.yaml.*no audio files"),
        ([run], {"out": tmp_path}, "this is a folder; give --out a file"),
        ([run], {"out": tmp_path / "no" / "p.html"}, "does not exist"),
        ([run], {"evaluations": [wrong]}, "not an output of wavegan evaluate --json"),
        ([run], {"evaluations": [tmp_path / "no.json"]}, "no.json: No such file"),
        (
            [tmp_path / "set"],
            {"reference": tmp_path / "empty"},
            "--reference .*empty: not a folder",
        ),
        ([tmp_path / "set", tmp_path / "other"], {}, "no two clips have the same name"),
    ):
        with pytest.raises(UserError, match=message) as refused:
            report.write(paths, **{"out": tmp_path / "p.html", **options})
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "p.html").exists()


def test_a_page_that_fails_leaves_the_old_one(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "p.html"
    out.write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wavegan.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        report.write([run], out, metrics=False, force=True)
    assert out.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [out]
