"""`wavegan bench`: tables, JSON, and mistakes in one line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wavegan import bundle
from wavegan.bench.timed import Timed
from wavegan.cli import app
from wavegan.mel.front_end import Mel

QUICK = (
    "--precision",
    "float32",
    "--threads",
    "1",
    "--batch",
    "1",
    "--seconds",
    "0.1",
    "--runs",
    "3",
)


def bench(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["bench", *map(str, words)])


@pytest.fixture
def model(tmp_path: Path, save_tiny: Callable[..., Path]) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    return save_tiny(folder)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    config = bundle.Config(
        mel=Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None),
        generator={"name": "wavegan", "dim": 1},
        task="synthesize",
        labels=("kick", "snare"),
        segment=1024,
    )
    folder = tmp_path / "sounds"
    folder.mkdir()
    bundle.save(folder, config, bundle.build(config).state_dict())
    return folder


def test_the_table_has_every_figure_and_ends_with_the_advice(model: Path) -> None:
    result = bench(model, *QUICK)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("machine: ")
    head = next(line for line in lines if line.startswith("precision"))
    for column in ("threads", "batch", "× real time", "RTF", "GFLOP/s", "of peak", "memory MiB"):
        assert column in head
    row = lines[lines.index(head) + 1].split()
    assert row[:4] == ["float32", "1", "1", "0.1"]
    assert "-" not in row
    assert lines[-1].startswith("advice: use float32, 1 thread, batch 1: ")


def test_json_on_stdout_is_pure_and_a_file_comes_with_the_table(
    model: Path, tmp_path: Path
) -> None:
    result = bench(model, *QUICK, "--json", "-")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert len(found["rows"]) == 1
    assert found["settings"]["runs"] == 3
    file = tmp_path / "figures.json"
    result = bench(model, *QUICK, "--json", file)
    assert result.exit_code == 0, result.output
    assert "advice: " in result.stdout
    assert json.loads(file.read_text(encoding="utf-8"))["model"]["generator"] == "HiFiGAN"
    again = bench(model, *QUICK, "--json", file)
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_sounds_are_measured_in_clips(sounds: Path) -> None:
    result = bench(sounds, "--precision=float32", "--threads", "1", "--runs", "3", "--json", "-")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [row["batch"] for row in found["rows"]] == [1, 8]
    for row in found["rows"]:
        assert row["seconds"] == pytest.approx(1024 / 16000)
        assert row["items_per_second"] == pytest.approx(row["times_real_time"] / row["seconds"])
        assert row["operations"] > 0
    (latency,) = found["latencies"]
    assert latency["first_of_stream_seconds"] is None
    assert latency["first_of_short_seconds"] > 0
    table = bench(
        sounds,
        "--precision=float32",
        "--threads",
        "1",
        "--batch",
        "1",
        "--runs",
        "3",
        "--seconds",
        "0.2",
    )
    assert table.exit_code == 0, table.output
    assert "clips/s" in table.stdout
    assert "of a stream" not in table.stdout


def test_several_numbers_may_be_separated_by_commas_or_spaces(model: Path) -> None:
    commas = (
        "--precision=float32",
        "--threads=1",
        "--batch",
        "1,2",
        "--seconds",
        "0.1,0.05",
        "--runs",
        "3",
    )
    spaces = (
        "--precision",
        "float32",
        "--seconds",
        "0.1",
        "0.05",
        "--batch",
        "1",
        "2",
        "--threads",
        "1",
        "--runs",
        "3",
    )
    rows = []
    for words in (commas, spaces):
        result = bench(*words, "--json", "-", model)
        assert result.exit_code == 0, result.output
        rows.append([(r["batch"], r["seconds"]) for r in json.loads(result.stdout)["rows"]])
    assert rows[0] == rows[1]
    assert len(rows[0]) == 4


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--precision", "float8"), "float8"),
        (("--threads", "0"), "--threads 0"),
        (("--threads", "1.5"), "--threads 1.5"),
        (("--batch", "1,,2"), "--batch"),
        (("--seconds", "nan"), "--seconds nan"),
        (("--seconds", "1e9"), "--seconds"),
        (("--runs", "2"), "--runs 2"),
        (("--budget", "0"), "--budget 0"),
        (("--budget", "inf"), "--budget inf"),
        (("--device", "toaster"), "toaster"),
        (("--json", "no/such/folder.json"), "no/such"),
    ],
)
def test_a_mistake_is_one_line(model: Path, words: tuple[str, ...], named: str) -> None:
    result = bench(model, *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert named in result.stderr


def test_precisions_are_compared_and_auto_says_what_it_is(model: Path) -> None:
    words = ("--threads", "1", "--batch", "1", "--seconds", "0.1", "--runs", "3", "--json", "-")
    result = bench(model, "--precision", "float32,bfloat16,auto", *words)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    used = {row["precision"]: row["precision_used"] for row in found["rows"]}
    assert {used["float32"], used["bfloat16"]} == {"float32", "bfloat16"}
    assert used["auto"] in used
    assert found["sound_the_same"] == ["bfloat16"]
    assert {peak["precision"] for peak in found["peaks"]} == {"float32", "bfloat16"}


def test_a_precision_that_the_device_lacks_is_one_line(model: Path) -> None:
    result = bench(model, "--precision", "float16", "--device", "cpu")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "float16" in result.stderr
    both = bench(model, *QUICK, "--precision", "float16,float32", "--device", "cpu")
    assert both.exit_code == 0
    assert "left out: float16" in both.stdout


def test_no_model_is_one_line(tmp_path: Path) -> None:
    result = bench(tmp_path / "none")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "none" in result.stderr


def test_ctrl_c_prints_the_figures_so_far(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, left = Timed.run, [5]

    def stopped(self: Timed) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        run(self)

    monkeypatch.setattr(Timed, "run", stopped)
    result = bench(model, *QUICK)
    assert result.exit_code == 130
    assert "interrupted" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("advice: ")
