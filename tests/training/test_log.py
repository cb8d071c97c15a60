"""The log of a run: lines that stay, lines dropped on resuming, means over a window."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.training import log as module
from wavegan.training.log import RunLog, Window, available


class Processes:
    """Replaces Accelerate: `others` are the values of the other processes for a mean."""

    def __init__(self, main: bool = True, others: list[list[float]] | None = None) -> None:
        self.is_main_process = main
        self.others = others or []
        self.tracked: list[tuple[dict[str, float], int]] = []

    def log(self, values: dict[str, float], step: int) -> None:
        self.tracked.append((values, step))

    def reduce(self, values: Tensor, reduction: str) -> Tensor:
        assert reduction == "mean"
        return torch.stack([values, *(torch.tensor(other) for other in self.others)]).mean(0)


def started(run: Path, step: int = 0, **options: Any) -> tuple[RunLog, Processes]:
    processes = Processes(**options)
    return RunLog(run, processes, step), processes  # type: ignore[arg-type]


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_every_line_is_an_object_with_its_kind_and_step(tmp_path: Path) -> None:
    log, _ = started(tmp_path)
    log.write("train", 50, {"generator/mel": 0.5, "speed/steps": 2.0})
    log.write("validation", 100, {"log_mel_l1": 0.25})
    assert lines(tmp_path) == [
        {"kind": "train", "step": 50, "generator/mel": 0.5, "speed/steps": 2.0},
        {"kind": "validation", "step": 100, "log_mel_l1": 0.25},
    ]


def test_resuming_reads_a_line_at_a_time_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that status would thin are kept; a line above the limit is dropped and counted."""
    monkeypatch.setattr(module.lines, "MOST_BYTES", 100)
    monkeypatch.setattr(module.lines, "LONGEST", 1000)
    file = tmp_path / "metrics.jsonl"
    good = [json.dumps({"kind": "train", "step": step}) + "\n" for step in range(1, 101)]
    file.write_text("".join(good[:50]) + "x" * 5000 + "\n" + "".join(good[50:]).rstrip("\n"))
    log, _ = started(tmp_path, step=90)
    assert log.dropped == 1
    assert file.read_text() == "".join(good[:90])
    log.event("skip", 95, {"total": 1})
    log.write("train", 96, {"a": 1.0})
    log.go_back(80)
    assert [line["step"] for line in lines(tmp_path)] == [*range(1, 81), 95]


def test_trackers_get_names_with_a_group(tmp_path: Path) -> None:
    log, processes = started(tmp_path)
    log.write("train", 50, {"generator/mel": 0.5})
    log.write("validation", 100, {"log_mel_l1": 0.25})
    assert processes.tracked == [
        ({"generator/mel": 0.5}, 50),
        ({"validation/log_mel_l1": 0.25}, 100),
    ]


def test_what_is_not_finite_becomes_null(tmp_path: Path) -> None:
    """JSON has no NaN; a line with one would stop every strict reader."""
    log, _ = started(tmp_path)
    log.write("train", 1, {"a": math.nan, "b": math.inf, "c": -math.inf, "d": 0.5})
    (line,) = lines(tmp_path)
    assert line == {"kind": "train", "step": 1, "a": None, "b": None, "c": None, "d": 0.5}
    assert "NaN" not in (tmp_path / "metrics.jsonl").read_text()


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    log, processes = started(tmp_path, main=False)
    log.write("train", 1, {"a": 1.0})
    assert not (tmp_path / "metrics.jsonl").exists()
    assert processes.tracked == []


def test_resuming_drops_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    log, _ = started(tmp_path)
    for step in (10, 20, 30, 40):
        log.write("train", step, {"a": float(step)})
    log.write("validation", 40, {"b": 1.0})
    log, _ = started(tmp_path, step=20)
    assert [line["step"] for line in lines(tmp_path)] == [10, 20]
    log.write("train", 30, {"a": 0.0})
    assert [line["a"] for line in lines(tmp_path)] == [10.0, 20.0, 0.0]


@pytest.mark.parametrize("cut", ['{"kind": "train", "st', '{"kind": "train"}', "[1, 2]", "\x00"])
def test_resuming_drops_a_line_cut_short_by_a_crash(tmp_path: Path, cut: str) -> None:
    log, _ = started(tmp_path)
    log.write("train", 10, {"a": 1.0})
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write(cut)
    log, _ = started(tmp_path, step=10)
    log.write("train", 20, {"a": 2.0})
    assert [line["step"] for line in lines(tmp_path)] == [10, 20]


def test_another_process_drops_nothing(tmp_path: Path) -> None:
    log, _ = started(tmp_path)
    log.write("train", 10, {"a": 1.0})
    started(tmp_path, step=0, main=False)
    assert [line["step"] for line in lines(tmp_path)] == [10]


def test_a_window_is_the_mean_since_the_last_one() -> None:
    window, processes = Window(), Processes()
    for value in (1.0, 2.0, 6.0):
        window.add({"a": torch.tensor(value), "b": torch.tensor(-value)})
    assert window.mean(processes) == {"a": 3.0, "b": -3.0}  # type: ignore[arg-type]
    assert window.mean(processes) == {}  # type: ignore[arg-type]
    window.add({"a": torch.tensor(5.0)})
    assert window.mean(processes) == {"a": 5.0}  # type: ignore[arg-type]


def test_a_term_that_comes_now_and_then_has_a_mean_of_its_own() -> None:
    """A penalty of 8 at every fourth step is 8, not 2."""
    window = Window()
    for step in range(4):
        window.add({"a": torch.tensor(1.0), **({} if step else {"lazy": torch.tensor(8.0)})})
    assert window.counts == {"a": 4, "lazy": 1}
    assert window.mean(Processes()) == {"a": 1.0, "lazy": 8.0}  # type: ignore[arg-type]


def test_a_window_is_the_mean_over_processes() -> None:
    """Names are sorted, so that every process stacks the same ones in the same order."""
    window = Window()
    window.add({"b": torch.tensor(4.0), "a": torch.tensor(1.0)})
    assert window.mean(Processes(others=[[3.0, 8.0]])) == {  # type: ignore[arg-type]
        "a": 2.0,
        "b": 6.0,
    }


def test_one_bad_step_shows_in_its_window_and_not_in_the_next() -> None:
    window, processes = Window(), Processes()
    window.add({"a": torch.tensor(1.0)})
    window.add({"a": torch.tensor(math.nan)})
    assert math.isnan(window.mean(processes)["a"])  # type: ignore[arg-type]
    window.add({"a": torch.tensor(1.0)})
    assert window.mean(processes) == {"a": 1.0}  # type: ignore[arg-type]


def test_what_is_logged_keeps_no_reference_to_the_step() -> None:
    """The window adds into its own tensors: a scalar given to it does not change."""
    window, value = Window(), torch.tensor(1.0)
    window.add({"a": value})
    window.add({"a": torch.tensor(2.0)})
    assert value.item() == 1.0


def test_trackers_are_split_by_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"tensorboard", "mlflow"}
    monkeypatch.setattr(module, "find_spec", lambda name: object() if name in here else None)
    assert available(()) == ([], [])
    assert available(("tensorboard",)) == (["tensorboard"], [])
    assert available(("wandb", "mlflow", "aim", "tensorboard")) == (
        ["mlflow", "tensorboard"],
        ["wandb", "aim"],
    )


@pytest.mark.parametrize("name", ["tensorbord", "no_such.inside", "json", "all"])
def test_a_tracker_that_nobody_knows_is_refused(name: str) -> None:
    """Also one with the name of an existing module."""
    with pytest.raises(UserError, match=rf"training\.trackers: .*'{name}'.*tensorboard"):
        available(("tensorboard", name))
