"""The figures of `wavegan bench`."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wavegan.bench.setting import Engine, Setting


@dataclass
class Row:
    """Figures of one setting.

    Attributes:
        setting: what was asked for.
        precision_used: the precision that the model computes in.
        audio: seconds of audio per call.
        took: seconds of each run, that is the mean over the calls in it.
        operations: floating-point operations per call.
        peak: 10^9 operations per second of the fastest convolution in this precision with these
            threads.
        memory: peak memory in bytes; None: not measured.
    """

    setting: Setting
    precision_used: str
    audio: float
    operations: int
    took: list[float] = field(default_factory=list)
    peak: float = 0.0
    memory: int | None = None

    @property
    def seconds(self) -> float:
        """Median time of a call."""
        return statistics.median(self.took)

    @property
    def times_real_time(self) -> float:
        """Seconds of audio per second."""
        return self.audio / self.seconds

    @property
    def gflops(self) -> float:
        """10^9 operations per second."""
        return self.operations / self.seconds / 1e9

    def to_dict(self) -> dict[str, Any]:
        """For JSON; lengths and times in seconds, memory in bytes."""
        batch = self.setting.batch
        return {
            "precision": self.setting.precision,
            "precision_used": self.precision_used,
            "threads": self.setting.threads,
            "batch": batch,
            "seconds": self.audio / batch,
            "runs": len(self.took),
            "call_seconds": self.seconds,
            "call_seconds_min": min(self.took),
            "call_seconds_max": max(self.took),
            "times_real_time": self.times_real_time,
            "real_time_factor": 1 / self.times_real_time,
            "items_per_second": batch / self.seconds,
            "operations": self.operations,
            "gflops": self.gflops,
            "peak_gflops": self.peak,
            "share_of_peak": self.gflops / self.peak if self.peak else None,
            "memory_bytes": self.memory,
        }


@dataclass
class Latency:
    """Time until the first samples, batch 1.

    Attributes:
        engine: how the model computes.
        precision_used: the precision that it computes in.
        short_audio: seconds of the short mel, or of a clip.
        stream: seconds of each run with a stream of mels; empty without one.
        short: seconds of each run with a short mel, or for a clip.
    """

    engine: Engine
    precision_used: str
    short_audio: float
    stream: list[float] = field(default_factory=list)
    short: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, in seconds."""
        return {
            "precision": self.engine.precision,
            "precision_used": self.precision_used,
            "threads": self.engine.threads,
            "first_of_stream_seconds": statistics.median(self.stream) if self.stream else None,
            "first_of_short_seconds": statistics.median(self.short) if self.short else None,
            "short_audio_seconds": self.short_audio,
        }


@dataclass
class Result:
    """All figures; filled while they are measured, so it can be printed at any time.

    Attributes:
        model: what was measured: path, class, weights, rate and so on.
        machine: where: processor, instructions, versions, load before.
        settings: runs, budget and so on.
        rows: one for each setting.
        latencies: one for each precision and number of threads.
        peaks: the fastest convolution, by precision and threads.
        left_out: settings that were not measured, with the reason.
        notes: what to know about the figures.
        trusted: half precisions in which the model sounds the same as in float32.
        interrupted: whether Ctrl-C ended it.
    """

    model: Mapping[str, Any]
    machine: Mapping[str, Any]
    settings: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    peaks: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def measured(self) -> Sequence[Row]:
        """The rows with at least one run."""
        return [row for row in self.rows if row.took]

    @property
    def sounds(self) -> bool:
        """Whether the model generates sounds, not a vocoder."""
        return bool(self.model["kind"] == "sounds")
