"""Figures of a small model: all there, finite, and interleaved."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from wavegan import bundle
from wavegan.bench import measure as measuring
from wavegan.bench import memory
from wavegan.bench.job import Job, first_of_stream, job, some_mel
from wavegan.bench.opened import Source, opened, plain_network
from wavegan.bench.peak import Convolutions
from wavegan.bench.run import bench, to_dict
from wavegan.bench.setting import Engine, Setting
from wavegan.bench.timed import Timed
from wavegan.errors import UserError
from wavegan.inference.engine.precision import Precision
from wavegan.inference.vocoder import Vocoder

CPU = torch.device("cpu")
FLOAT32: list[Precision] = ["float32"]


@pytest.fixture
def model(tmp_path: Path, save_tiny: Callable[..., Path]) -> Path:
    return save_tiny(tmp_path)


def positive(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < math.inf


def test_every_figure_is_there_and_positive(model: Path) -> None:
    found = to_dict(
        bench(model, CPU, precisions=FLOAT32, threads=[1], batches=[1, 2], seconds=[0.1], runs=3)
    )
    assert [row["batch"] for row in found["rows"]] == [1, 2]
    for row in found["rows"]:
        assert row.pop("precision") == row.pop("precision_used") == "float32"
        assert all(map(positive, row.values())), row
        assert row["seconds"] == pytest.approx(0.1)
        assert row["times_real_time"] * row["real_time_factor"] == pytest.approx(1)
        audio = row["batch"] * row["seconds"]
        assert row["times_real_time"] == pytest.approx(audio / row["call_seconds"])
        assert row["share_of_peak"] < 1
    for each in found["latencies"]:
        assert each.pop("precision") == each.pop("precision_used") == "float32"
        assert all(map(positive, each.values())), each
    assert [(each["precision"], each["threads"]) for each in found["peaks"]] == [("float32", 1)]
    assert found["advice"]["precision"] == "float32"
    assert found["interrupted"] is False
    assert found["left_out"] == []


def test_runs_are_interleaved_and_use_their_own_number_of_threads(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[int, int]] = []
    run = Timed.run

    def seen(self: Timed) -> None:
        run(self)
        ran.append((self.engine.threads, torch.get_num_threads()))

    monkeypatch.setattr(Timed, "run", seen)
    monkeypatch.setattr(Convolutions, "measure", lambda _: None)
    monkeypatch.setattr(memory, "peaks", lambda _, settings: [1] * len(settings))
    before = torch.get_num_threads()
    bench(model, CPU, precisions=FLOAT32, threads=[1, 2], batches=[1], seconds=[0.05], runs=4)
    assert torch.get_num_threads() == before
    assert all(asked == used for asked, used in ran)
    # two settings, then two kinds of latency of each number of threads
    assert [asked for asked, _ in ran] == 4 * [1, 2, 1, 1, 2, 2]


def test_a_short_budget_leaves_out_the_slowest_settings_and_says_so(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "peaks", lambda _, settings: [1] * len(settings))
    options: dict[str, Any] = {"threads": [1], "batches": [1], "precisions": FLOAT32}
    found = bench(model, CPU, seconds=[0.1, 600.0], runs=9, budget=0.01, **options)
    assert [row.setting.seconds for row in found.rows] == [0.1]
    (left,) = found.left_out
    assert "600 s" in left["setting"]
    assert "--budget" in left["reason"]
    assert len(found.rows[0].took) == measuring.LEAST
    assert any("3 runs" in note and "instead of 9" in note for note in found.notes)


def test_an_interruption_keeps_the_figures(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, left = Timed.run, [5]

    def stopped(self: Timed) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        run(self)

    monkeypatch.setattr(Timed, "run", stopped)
    found = bench(model, CPU, precisions=FLOAT32, threads=[1], batches=[1, 2], seconds=[0.05])
    assert found.interrupted
    assert [len(row.took) for row in found.measured] == [1, 1]
    assert to_dict(found)["rows"]
    left[0] = 1
    with pytest.raises(KeyboardInterrupt):
        bench(model, CPU, precisions=FLOAT32, threads=[1], batches=[1], seconds=[0.05])


def test_a_setting_that_fails_is_left_out_with_its_reason(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(vocoder: Any, setting: Setting) -> Any:
        if setting.batch == 2:
            raise RuntimeError("no room\nat all")
        return job(vocoder, setting)

    monkeypatch.setattr(measuring, "job", failing)
    monkeypatch.setattr(memory, "peaks", lambda _, settings: [1] * len(settings))
    found = bench(model, CPU, precisions=FLOAT32, threads=[1], batches=[1, 2], seconds=[0.05])
    assert [row.setting.batch for row in found.rows] == [1]
    assert found.left_out == [
        {"setting": "float32, threads 1, batch 2, 0.05 s", "reason": "no room"}
    ]
    with pytest.raises(RuntimeError, match="no room"):
        bench(model, CPU, precisions=FLOAT32, threads=[1], batches=[2], seconds=[0.05])


def test_memory_grows_with_the_batch(model: Path) -> None:
    source = Source(str(model), sounds=False)
    small, large = memory.peaks(
        source, [Setting("float32", 1, 1, 0.1), Setting("float32", 1, 64, 10.0)]
    )
    assert small is not None
    assert large is not None
    # its audio alone
    assert large - small > 64 * 10 * 16000 * 4


def test_a_process_that_dies_gives_no_memory(tmp_path: Path) -> None:
    source = Source(str(tmp_path), sounds=False)
    assert memory.peaks(source, [Setting("float32", 1, 1, 0.1)]) == [None]


def test_a_convolution_is_measured() -> None:
    slow = Convolutions(torch.float32, CPU)
    first = slow.measure(0.001)
    assert first.gflops > 0.1
    assert slow.measure(0.001).gflops >= first.gflops


def test_a_run_of_a_short_call_repeats_it() -> None:
    calls: list[int] = []
    took: list[float] = []
    timed = Timed(Engine("float32", 1), Job(lambda: calls.append(1), 1.0), CPU, took)
    timed.warm_up()
    assert len(calls) == 2
    timed.run()
    assert len(calls) == 2 + timed.calls > 1000
    assert timed.cost >= 0.05
    assert 0 < took[0] < 0.001


def test_the_first_samples_of_a_stream_are_timed_alone(model: Path) -> None:
    vocoder = opened(Source(str(model), sounds=False), "float32")
    first = first_of_stream(vocoder)
    assert first is not None
    made = first.call()
    assert torch.is_tensor(made)
    # the 100 frames of the first piece, but for those that need later ones
    assert vocoder.lookahead is not None  # type: ignore[union-attr]
    assert made.shape == ((100 - vocoder.lookahead) * 16,)  # type: ignore[union-attr]


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        plain_network(tmp_path)


def test_a_model_may_take_its_mel_at_half_its_rate(tiny: bundle.Config) -> None:
    vocoder = Vocoder(bundle.build(tiny), tiny.mel)  # type: ignore[arg-type]
    assert some_mel(vocoder, 0.1).shape == (8, 100)
    work = job(vocoder, Setting("float32", 1, 3, 0.1))
    assert work.audio == pytest.approx(0.3)
    assert work.call().shape == (3, 1600)  # type: ignore[attr-defined]
