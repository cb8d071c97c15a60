"""Lines of `metrics.jsonl` in bounded memory, whatever the file's size."""

import json
import tracemalloc
from pathlib import Path

import pytest

from wavegan import bounded_text
from wavegan.progress import lines
from wavegan.progress.thinned import Thinned


def train(step: int, **figures: float) -> str:
    return json.dumps({"kind": "train", "step": step, **figures}) + "\n"


def test_a_line_without_end_takes_no_memory_and_hides_no_other(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    with file.open("w") as stream:
        stream.write(train(1))
        stream.flush()
        stream.truncate(1 << 28)  # 256 MiB of zeros, which take no room on the disk
        stream.seek(1 << 28)
        stream.write("\n" + train(2))
    tracemalloc.start()
    found = lines.read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [line["step"] for line in found.whole] == [1, 2]
    assert (found.passed_over, found.first) == (1, 2)
    assert "line 2" in str(found.damage)
    assert peak < 1 << 24


def test_more_lines_than_fit_are_thinned_by_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_BYTES", 10_000)
    file = tmp_path / "metrics.jsonl"
    validation = json.dumps({"kind": "validation", "step": 7, "log_mel_l1": 1.0}) + "\n"
    file.write_text(validation + "".join(train(step, a=0.5) for step in range(1000)))
    found = lines.read(file)
    steps = [line["step"] for line in found.whole if line["kind"] == "train"]
    (stride,) = found.thinned.values()
    assert steps == [*range(0, 1000, stride), 999]
    assert 10_000 / 2 < len(steps) * len(train(100, a=0.5)) < 10_000
    assert [line["step"] for line in found.whole if line["kind"] == "validation"] == [7]
    assert found.damage is None
    assert f"one in {stride}" in str(found.note)


def test_few_lines_are_all_kept(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_text("".join(train(step) for step in range(100)))
    found = lines.read(file)
    assert [line["step"] for line in found.whole] == list(range(100))
    assert (found.note, found.thinned) == (None, {})


def test_garbage_is_counted_in_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(b"x\n" * 20_000)
    tracemalloc.start()
    found = lines.read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.passed_over, found.first) == (20_000, 1)
    assert peak < 1 << 18


def test_thinned_keeps_the_first_and_the_last() -> None:
    for count in range(1, 40):
        kept = Thinned(10)
        for step in range(count):
            kept.add({"kind": "train", "step": step}, 2)
        steps = [line["step"] for line in kept]
        assert steps[0] == 0
        assert steps[-1] == count - 1
        assert len(steps) <= 6
        assert len(set(steps)) == len(steps)


def test_one_line_larger_than_all_room_is_kept() -> None:
    kept = Thinned(10)
    kept.add({"kind": "train", "step": 1}, 100)
    assert [line["step"] for line in kept] == [1]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_are_cut_at_their_bound(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "text"
    file.write_bytes(b"abc\n\nabcd\n" + b"e" * 9 + b"\nfgh" + end)
    found = list(bounded_text.lines(file, 3))
    assert found == [b"abc\n", b"\n", b"abcd", b"eeee", b"fgh" + end]


def test_figures_of_older_runs_have_the_names_of_today(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"kind": "validation", "step": 5, "mel_distance": 0.5, "mr_stft": 2}\n')
    assert lines.read(file).whole == (
        {"kind": "validation", "step": 5, "log_mel_l1": 0.5, "mrstft": 2.0},
    )
