"""`bench`: everything from a model's path to figures and advice."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from wavegan.bench import computer, signal
from wavegan.bench.advice import LISTEN, Advice, Figure, advice
from wavegan.bench.measure import Plan, Show, measure
from wavegan.bench.opened import Model, Source, opened, plain_network, sounds_the_same
from wavegan.bench.result import Result
from wavegan.bench.setting import combined
from wavegan.generators.base import LatentGenerator
from wavegan.inference.engine.precision import Precision, bfloat16_speedup
from wavegan.inference.vocoder import Vocoder

LENGTHS = (1.0, 10.0)
BATCHES = (1, 8)


def bench(
    path: str | Path,
    device: torch.device,
    *,
    precisions: Sequence[Precision] | None = None,
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
        precisions: to compare; None: those that are fast on the device.
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
    end = time.monotonic() + budget
    machine = computer.computer()
    network = plain_network(path, trust_code=trust_code)
    sounds = isinstance(network, LatentGenerator)
    source = Source(str(path), sounds, str(device), compiled, trust_code)
    model = opened(source._replace(compiled=False), "float32")
    lengths: Sequence[float | None] = seconds or ((None,) if sounds else LENGTHS)
    settings = combined(
        precisions or usual_precisions(device, machine["instructions"]),
        threads or sorted({1, computer.cores()}),
        batches,
        lengths,
    )
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
    if isinstance(model, Vocoder) and any(each.precision != "float32" for each in settings):
        show("comparing bfloat16 with float32")
        result.trusted = ["bfloat16"] if sounds_the_same(model) else []
    measure(Plan(source, network, settings, runs, budget, end), result, show)
    return result


def usual_precisions(device: torch.device, instructions: Sequence[str]) -> Sequence[Precision]:
    """The precisions that are fast on a device, by the processor's instructions if it is a CPU."""
    if device.type == "cuda":
        return ("float32", "bfloat16", "float16")
    if any("bf16" in name for name in instructions) or bfloat16_speedup() > 1:
        return ("float32", "bfloat16")
    return ("float32",)


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
        ],
        result.trusted,
        "a seed makes other clips in it" if result.sounds else LISTEN,
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
        "sound_the_same": result.trusted,
        "advice": None if found is None else found._asdict(),
        "left_out": result.left_out,
        "notes": result.notes,
        "interrupted": result.interrupted,
    }


def _described(path: str | Path, model: Model) -> dict[str, Any]:
    network = model.generator
    facts: dict[str, Any] = {
        "path": str(path),
        "kind": "vocoder" if isinstance(model, Vocoder) else "sounds",
        "generator": type(network).__name__,
        "described": model.described(),
        "weights": sum(parameter.numel() for parameter in network.parameters()),
        "sample_rate": model.sample_rate,
    }
    if isinstance(model, Vocoder):
        return {**facts, "hop_length": model.hop_length, "input": f"mels of {signal.DESCRIPTION}"}
    return {**facts, "clip_seconds": model.seconds, "input": "latents and labels of seed 0"}
