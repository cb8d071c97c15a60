"""Measure time and memory of a training step for a dry run, by running a few steps.

The first step has one crop, and is aborted if it takes too long. From it follows how many crops
fit into the available time and memory; with less than a whole batch, the result is scaled.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from wavegan.data.batch import Batch, collate
from wavegan.data.segments import Segments
from wavegan.errors import RunError
from wavegan.training.memory import Memory
from wavegan.training.step import Step

SECONDS, LONGEST = 4.0, 6.0
"""Time for steps after the first; time limit of the first step."""
RUNS = 2
"""Runs of each step; the fastest counts, because the first run with a new shape is slower."""
ROUNDS = 4
SPARE = 0.5
"""Share of the free memory that may be used for measuring."""
READING = 1.0
"""Seconds for reading crops; after that, those already read are repeated."""
STATES = 3
"""Values that training adds per weight: the gradient and AdamW's two moments."""


@dataclass(frozen=True)
class Kind:
    """Steps with the same work: the number of one such step, and their share of all steps."""

    number: int
    adversarial: bool
    share: float


@dataclass(frozen=True)
class Measured:
    """Result of measuring.

    Attributes:
        seconds: for a step of `batch` crops, averaged over kinds of steps; if `crops` is 0, a
            lower bound for a step of one crop.
        crops: number of crops measured with; 0 if not even one was finished in time.
        memory: bytes for a step of `batch` crops, including everything loaded before; an upper
            bound if scaled from one crop; None if unknown.
        networks: bytes of weights, gradients and optimizer states.
        available: bytes of memory of the machine or the GPU.
    """

    seconds: float
    crops: int
    memory: int | None
    networks: int
    available: int


def kinds(step: Step, steps: int, adversarial_from: int) -> list[Kind]:
    """The kinds of steps of a run, the most expensive first."""
    start = min(adversarial_from, steps) if step.discriminator else steps
    found: dict[tuple[object, ...], Kind] = {}
    if start:
        found[()] = Kind(0, False, start / steps)
    every = {name: penalty.every for name, (_, penalty) in step.penalties.items()}
    cycle = math.lcm(step.n_critic, *every.values()) if start < steps else 0
    for number in range(cycle):
        active = tuple(name for name, n in every.items() if number % n == 0)
        key = (step.generator_learns(number), *active)
        before = found.get(key, Kind(number, True, 0.0))
        share = before.share + (1 - start / steps) / cycle
        found[key] = Kind(before.number, True, share)
    return sorted(found.values(), key=lambda kind: -_work(step, kind))


def _work(step: Step, kind: Kind) -> int:
    """A rough cost of a step: the number of its parts."""
    if not kind.adversarial:
        return 1
    due = sum(kind.number % penalty.every == 0 for _, penalty in step.penalties.values())
    return 2 + due + step.generator_learns(kind.number)


def measure(
    step: Step,
    chosen: Sequence[Kind],
    segments: Segments,
    batch: int,
    device: torch.device,
    seconds: float = SECONDS,
    longest: float = LONGEST,
) -> Measured:
    """Run steps of each kind for a few seconds; the networks learn a little.

    Args:
        step: networks and optimizers, on the device.
        chosen: from `kinds`.
        segments: the training crops.
        batch: crops per step in this process.
        device: where the networks are.
        seconds: time for measuring.
        longest: time limit of the first step.

    Raises:
        RunError: one crop does not fit into the memory.
    """
    memory, crops = Memory(device), _Crops(segments, device)
    trained = _trained(step)
    networks, fixed = (1 + STATES) * trained, memory.used() + STATES * trained
    try:
        with memory.watched(), _Deadline(longest):
            # one-time work in the first step takes about as long as the step
            first = _timed(step, chosen[0], crops(1), device) / 2
    except TimeoutError:
        return Measured(longest, 0, None, networks, memory.total)
    except torch.OutOfMemoryError:
        raise RunError(
            f"a step of one crop does not fit into the memory of {device}: choose a smaller recipe "
            "or a shorter data.segment"
        ) from None
    peaks, each, end = {1: memory.peak}, dict.fromkeys(chosen, first), time.monotonic() + seconds
    count = 0
    for _ in range(ROUNDS):
        known = max(1, count)
        room = SPARE * memory.free() / max(1, memory.peak - fixed) * known
        left = (end - time.monotonic()) / (RUNS * sum(each.values()) / known)
        more = max(1 - count, min(batch, int(left), int(room)))
        if more <= count:
            break
        with memory.watched():
            ready = crops(more)
            each = {kind: _quickest(step, kind, ready, device, end) for kind in chosen}
        count, peaks[more] = more, max(memory.peak, *peaks.values())
    mean = sum(kind.share * took for kind, took in each.items())
    needed = _scaled(peaks, fixed, count, batch)
    return Measured(mean * batch / count, count, needed, networks, memory.total)


def _scaled(peaks: Mapping[int, int], fixed: int, count: int, batch: int) -> int:
    """The peak of a batch, extrapolated linearly from one crop and `count` crops."""
    each = peaks[1] - fixed if count == 1 else (peaks[count] - peaks[1]) / (count - 1)
    return round(peaks[count] + max(0, each) * (batch - count))


def _quickest(step: Step, kind: Kind, batch: Batch, device: torch.device, end: float) -> float:
    """Seconds of the fastest of `RUNS` runs; fewer runs if time is short."""
    best = _timed(step, kind, batch, device)
    for _ in range(RUNS - 1):
        if time.monotonic() + best < end:
            best = min(best, _timed(step, kind, batch, device))
    return best


def _timed(step: Step, kind: Kind, batch: Batch, device: torch.device) -> float:
    """Run a step; returns its seconds."""
    start = time.perf_counter()
    step(batch.audio, kind.number, adversarial=kind.adversarial, conditions=batch.conditions)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter() - start


def _trained(step: Step) -> int:
    """Bytes of the trained weights."""
    learning = [each for each in (step.generator, step.discriminator) if each]
    return sum(
        p.numel() * p.element_size()
        for each in learning
        for p in each.network.parameters()
        if p.requires_grad
    )


class _Crops:
    """Reads crops for up to `READING` seconds, then repeats them."""

    def __init__(self, segments: Segments, device: torch.device) -> None:
        self.segments, self.device = segments, device
        self.read = [segments[0]]
        self.until = time.monotonic() + READING

    def __call__(self, count: int) -> Batch:
        while len(self.read) < count and time.monotonic() < self.until:
            self.read.append(self.segments[len(self.read)])
        return collate([self.read[n % len(self.read)] for n in range(count)]).to(self.device)


class _Deadline(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Raises `TimeoutError` at the first operation after some seconds, forward or backward."""

    def __init__(self, seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.end = time.monotonic() + seconds

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if time.monotonic() > self.end:
            raise TimeoutError
        return func(*args, **(kwargs or {}))
