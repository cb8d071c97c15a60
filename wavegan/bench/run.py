"""`bench`: everything from a model's path to figures and advice."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from wavegan.bench import computer, signal
from wavegan.bench.advice import Advice, Figure, advice
from wavegan.bench.measure import Plan, Show, measure
from wavegan.bench.memory import Source
from wavegan.bench.opened import Model, opened
from wavegan.bench.result import Result
from wavegan.bench.setting import combined
from wavegan.inference.vocoder import Vocoder

LENGTHS = (1.0, 10.0)
BATCHES = (1, 8)
PRECISIONS = ("float32",)


def bench(
    path: str | Path,
    device: torch.device,
    *,
    precisions: Sequence[str] = PRECISIONS,
    threads: Sequence[int] | None = None,
    batches: Sequence[int] = BATCHES,
    seconds: Sequence[float] | None = None,
    runs: int = 5,
    budget: float = 60.0,
    compiled: bool = False,
    trust_code: bool = False,
    show: Show = lambda _: None,
) -> Result:
    """Measure a model on this machine.

    Args:
        path: a vocoder or a generator of sounds, see `wavegan.load`.
        device: device to compute on.
        precisions: of `wavegan.bench.setting.PRECISIONS`.
        threads: numbers of threads; None: 1 and the whole machine.
        batches: items or clips per call.
        seconds: lengths; None: 1 and 10, for sounds that of a clip.
        runs: runs of each setting, 3 or more; fewer, but never below 3, if the budget is short.
        budget: about how many seconds it may take.
        compiled: use `torch.compile`.
        trust_code: see `wavegan.load`.
        show: called with what is done now.

    Raises:
        UserError: the model cannot be opened or run in any of the settings.
    """
    machine = computer.computer()
    source = Source(str(path), str(device), compiled, trust_code)
    model = opened(path, device, "float32", trust_code=trust_code)
    lengths: Sequence[float | None] = seconds or (
        LENGTHS if isinstance(model, Vocoder) else (None,)
    )
    counts = threads or sorted({1, computer.cores()})
    settings = combined(precisions, counts, batches, lengths)
    result = Result(
        _described(path, model),
        machine,
        {"runs": runs, "budget": budget, "device": str(device), "compiled": compiled},
    )
    if computer.busy(machine):
        result.notes.append(
            f"other programs use this machine (load {machine['load']} on "
            f"{machine['usable_cores']} cores): alone it is faster"
        )
    measure(Plan(source, settings, runs, budget), result, show)
    return result


def advice_of(result: Result) -> Advice | None:
    """The setting to use, from what was measured."""
    return advice(
        [
            Figure(
                row.precision_used,
                row.setting.threads,
                row.setting.batch,
                row.setting.seconds or row.audio / row.setting.batch,
                row.times_real_time,
                row.memory,
            )
            for row in result.measured
        ]
    )


def to_dict(result: Result) -> dict[str, Any]:
    """Everything, for JSON."""
    found = advice_of(result)
    return {
        "model": dict(result.model),
        "machine": dict(result.machine),
        "settings": result.settings,
        "rows": [row.to_dict() for row in result.measured],
        "latencies": [each.to_dict() for each in result.latencies],
        "peaks": result.peaks,
        "advice": None if found is None else found._asdict(),
        "left_out": result.left_out,
        "notes": result.notes,
        "interrupted": result.interrupted,
    }


def _described(path: str | Path, model: Model) -> dict[str, Any]:
    network = model.generator
    facts: dict[str, Any] = {
        "path": str(path),
        "task": "vocode" if isinstance(model, Vocoder) else "synthesize",
        "generator": type(network).__name__,
        "weights": sum(parameter.numel() for parameter in network.parameters()),
        "sample_rate": model.sample_rate,
    }
    if isinstance(model, Vocoder):
        return {**facts, "hop_length": model.hop_length, "input": f"mels of {signal.DESCRIPTION}"}
    return {**facts, "clip_seconds": model.seconds, "input": "latents and labels of seed 0"}
