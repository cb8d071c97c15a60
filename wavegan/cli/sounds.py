"""What `wavegan generate` makes: which clips, by which names."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wavegan.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from wavegan.inference.synthesizer import Synthesizer


@dataclass(frozen=True)
class Manner:
    """How clips are made.

    Attributes:
        label: of all of them; None: each its own.
        seconds: length; None is the model's.
        truncation: in [0, 1].
        loop: they may be repeated without a seam.
        batch_size: clips held at a time.
    """

    label: str | None
    seconds: float | None
    truncation: float
    loop: bool
    batch_size: int


@dataclass(frozen=True)
class Plan:
    """Clips that are made as they are taken.

    Attributes:
        names: of their files, without an extension.
        labels: of each; "clip" where the model knows none.
        clips: `(C, T)` each.
        facts: what else is to be told of them.
    """

    names: list[str]
    labels: list[str]
    clips: "Iterator[Tensor]"
    facts: dict[str, Any] = field(default_factory=dict)


def drawn(synthesizer: "Synthesizer", count: int, seed: int, manner: Manner) -> Plan:
    """Clips of one seed."""

    def part(first: int, size: int) -> "Tensor":
        return synthesizer.sample(
            size,
            manner.label,
            seed=seed,
            seconds=manner.seconds,
            truncation=manner.truncation,
            loop=manner.loop,
            first=first,
        )

    labels = _labels(synthesizer, manner.label, count)
    return Plan(_names(labels, str(seed)), labels, _in_parts(part, count, manner), {"seed": seed})


def between(synthesizer: "Synthesizer", ends: str, count: int, manner: Manner) -> Plan:
    """Clips on the way from one seed to another.

    Raises:
        UserError: `ends` is not two of them, or `count` is below 2.
    """
    start, stop = _ends(ends)
    if count < 2:
        raise UserError(f"--count {count}: --interpolate makes 2 clips or more")
    labels = _labels(synthesizer, manner.label, 1, start[1]) * count

    def whole() -> "Iterator[Tensor]":
        yield from synthesizer.interpolate(
            start,
            stop,
            count,
            manner.label,
            seconds=manner.seconds,
            truncation=manner.truncation,
            loop=manner.loop,
        )

    return Plan(_names(labels, ends.replace(":", "-")), labels, whole(), {"interpolate": ends})


def varied(
    synthesizer: "Synthesizer",
    file: Path,
    spread: float,
    steps: int,
    count: int,
    seed: int,
    manner: Manner,
) -> Plan:
    """Variations of the sound in a file.

    Args:
        synthesizer: the model.
        file: any audio.
        spread: how far from it, in [0, 1].
        steps: of the search for the sound nearest to it.
        count: how many.
        seed: of search and variations.
        manner: how they are made; without a label all are tried.

    Raises:
        UserError: a file that cannot be read, or as `Synthesizer.invert` and `vary`.
    """
    from wavegan.audio import io

    rate = synthesizer.sample_rate
    wave, _ = io.read(file, sample_rate=rate, mono=synthesizer.channels == 1)
    try:
        found = synthesizer.invert(wave, steps=steps, label=manner.label, seed=seed)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    latents = synthesizer.vary(found.latent, spread, count, seed)

    def part(first: int, size: int) -> "Tensor":
        return synthesizer(
            latents[first : first + size],
            found.label,
            seed=seed,
            seconds=manner.seconds,
            truncation=manner.truncation,
            loop=manner.loop,
            first=first,
        )

    labels = [found.label or "clip"] * count
    facts = {
        "seed": seed,
        "like": str(file),
        "spread": spread,
        "distance": found.distance,
        "distance_before": found.before,
    }
    names = _names(labels, _like(file, seed))
    return Plan(names, labels, _in_parts(part, count, manner), facts)


def may_be_called(
    synthesizer: "Synthesizer", file: Path, count: int, seed: int, manner: Manner
) -> list[str]:
    """Every name that `varied` may give: without a label, the search finds it."""
    labels = [manner.label] if manner.label else [*synthesizer.labels] or ["clip"]
    origin = _like(file, seed)
    return [name for label in labels for name in _names([label] * count, origin)]


def _like(file: Path, seed: int) -> str:
    return f"like-{_safe(file.stem)}_{seed}"


def _in_parts(
    part: "Callable[[int, int], Tensor]", count: int, manner: Manner
) -> "Iterator[Tensor]":
    for first in range(0, count, manner.batch_size):
        yield from part(first, min(manner.batch_size, count - first))


def _labels(synthesizer: "Synthesizer", label: str | None, count: int, first: int = 0) -> list[str]:
    from wavegan.inference.labels import numbers

    chosen = numbers(label, synthesizer.labels, count, first)
    return ["clip"] * count if chosen is None else [synthesizer.labels[i] for i in chosen]


def _names(labels: list[str], origin: str) -> list[str]:
    return [f"{_safe(label)}_{origin}_{number:04d}" for number, label in enumerate(labels)]


def _safe(name: str) -> str:
    """A name with only what every file system takes: letters, digits, dots and dashes."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "clip"
    # the same bytes in the C locale, which has no letters beyond ASCII
    return os.fsdecode(safe.encode("utf-8", "surrogateescape"))


def _ends(text: str) -> "tuple[tuple[int, int], tuple[int, int]]":
    """`7:9`, or with numbers of clips as in file names `7_3:9_12`."""
    found = re.fullmatch(r"(\d+)(?:_(\d+))?:(\d+)(?:_(\d+))?", text)
    if found is None:
        raise UserError(
            f"--interpolate {text}: give two seeds, as in 7:9, or clips of theirs, as in 7_3:9_12"
        )
    a, first, b, second = (int(part or 0) for part in found.groups())
    return (a, first), (b, second)
