"""The clips that `wavegan generate` makes, and the names of their files."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wavegan.cli._draws import Clip, GenerationOptions, drawn_again, settled, sounding
from wavegan.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from wavegan.inference.synthesizer import Synthesizer


@dataclass(frozen=True)
class ClipSeries:
    """A series of clips, generated while it is iterated.

    Attributes:
        names: file names without extension.
        labels: the label of each clip; "clip" if the model has no labels.
        clips: the clips.
        facts: how they were made, for the output and for JSON.
        made: how they were made, for the files' metadata.
        notes: notes for the user.
    """

    names: list[str]
    labels: list[str]
    clips: Iterator[Clip]
    facts: dict[str, Any] = field(default_factory=dict)
    made: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()


def drawn(
    synthesizer: "Synthesizer", count: int, seed: int, options: GenerationOptions
) -> ClipSeries:
    """Clips of one seed."""

    def part(first: int, size: int, label: str | None, options: GenerationOptions) -> "Tensor":
        return synthesizer.sample(size, label, seed=seed, first=first, **options.for_synthesizer())

    labels = _labels(synthesizer, options.label, count)
    clips = drawn_again(synthesizer, part, labels, options)
    return ClipSeries(_names(labels, str(seed)), labels, clips, {"seed": seed}, {"seed": seed})


def between(
    synthesizer: "Synthesizer",
    ends: str,
    count: int,
    options: GenerationOptions,
    seed: int | None = None,
) -> ClipSeries:
    """Clips interpolated from one seed to another.

    Args:
        synthesizer: the model.
        ends: as typed.
        count: number of clips, including both ends.
        options: how they are made.
        seed: as typed; not used, and a note says this.

    Raises:
        UserError: `ends` is not two seeds, or `count` is below 2.
    """
    if count < 2:
        raise UserError(f"--count {count}: --interpolate needs 2 or more")
    given = _ends(ends)
    own = [_labels(synthesizer, options.label, 1, number)[0] for _, number in given]
    known = own if synthesizer.labels else [None, None]
    start, stop = (
        sounding(synthesizer, *place, label, options)
        for place, label in zip(given, known, strict=True)
    )
    labels = own[:1] * count

    @lru_cache(maxsize=2)
    def whole(options: GenerationOptions) -> "Tensor":
        return synthesizer.interpolate(start, stop, count, known[0], **options.for_synthesizer())

    def part(first: int, size: int, _label: str | None, options: GenerationOptions) -> "Tensor":
        return whole(options)[first : first + size]

    def clips() -> Iterator[Clip]:
        for number, wave in enumerate(whole(options)):
            yield settled(synthesizer, wave, number, part, known[0], options, tries=1)

    names = _names(labels, ends.replace(":", "-"))
    made = {"interpolate": ends, "of": count}
    notes = [] if seed is None else [f"--seed {seed} is not used: --interpolate names its seeds"]
    if start == stop:
        notes.append(f"--interpolate {ends}: both ends are the same sound, so all clips are equal")
    return ClipSeries(names, labels, clips(), {"interpolate": ends}, made, notes)


def varied(
    synthesizer: "Synthesizer",
    file: Path,
    spread: float,
    steps: int,
    count: int,
    seed: int,
    options: GenerationOptions,
) -> ClipSeries:
    """Variations of the sound in a file.

    Args:
        synthesizer: the model.
        file: any audio.
        spread: distance from it, in [0, 1].
        steps: steps of the search for its latent.
        count: number of clips.
        seed: seed of the search and of the variations.
        options: how they are made; without a label all labels are tried.

    Raises:
        UserError: the file cannot be read, or as `Synthesizer.invert` and `vary`.
    """
    wave, notes = _read(synthesizer, file)
    try:
        found = synthesizer.invert(wave, steps=steps, label=options.label, seed=seed)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None

    def part(first: int, size: int, _label: str | None, options: GenerationOptions) -> "Tensor":
        near = synthesizer.vary(found.latent, spread, size, seed, first=first)
        return synthesizer(near, found.label, seed=seed, first=first, **options.for_synthesizer())

    labels = [found.label or "clip"] * count
    made = {"seed": seed, "like": file.name, "spread": spread, "steps": steps}
    facts = {
        **{"seed": seed, "like": str(file), "spread": spread},
        **{"distance": found.distance, "distance_before": found.before},
    }
    names = _names(labels, _like(file, seed))
    return ClipSeries(
        names, labels, drawn_again(synthesizer, part, labels, options), facts, made, notes
    )


def possible_names(
    synthesizer: "Synthesizer", file: Path, count: int, seed: int, options: GenerationOptions
) -> list[str]:
    """All possible file names of `varied`: without a label, only its search finds the label."""
    labels = [options.label] if options.label else [*synthesizer.labels] or ["clip"]
    origin = _like(file, seed)
    return [name for label in labels for name in _names([label] * count, origin)]


def _like(file: Path, seed: int) -> str:
    return f"like-{_safe(file.stem)}_{seed}"


def _read(synthesizer: "Synthesizer", file: Path) -> "tuple[Any, list[str]]":
    """The start of a file, as long as the model's clips, and a note if the file is longer."""
    from wavegan.audio import io

    rate, segment = synthesizer.sample_rate, synthesizer.generator.segment
    wave, _ = io.read(file, frames=segment, sample_rate=rate, mono=synthesizer.channels == 1)
    whole, used = io.probe(file).seconds, segment / rate
    if whole <= used + 1e-3:
        return wave, []
    if not wave.any() and io.read(file)[0].any():
        raise UserError(
            f"{file}: its first {used:.2f} s, the length of the model's clips, are silent: "
            "remove the silence at the start"
        )
    return wave, [f"{file}: only the first {used:.2f} s of {whole:.1f} s are used"]


def _labels(synthesizer: "Synthesizer", label: str | None, count: int, first: int = 0) -> list[str]:
    from wavegan.inference.labels import numbers

    chosen = numbers(label, synthesizer.labels, count, first)
    return ["clip"] * count if chosen is None else [synthesizer.labels[i] for i in chosen]


def _names(labels: list[str], origin: str) -> list[str]:
    return [f"{_safe(label)}_{origin}_{number:04d}" for number, label in enumerate(labels)]


def _safe(name: str) -> str:
    """A name valid on every file system: only letters, digits, `_`, dots and dashes."""
    safe = re.sub(r"[^\w.-]+", "-", name)[:80].strip("-.") or "clip"
    # the same bytes also in the C locale, which has only ASCII letters
    return os.fsdecode(safe.encode("utf-8", "surrogateescape"))


def _ends(text: str) -> "tuple[tuple[int, int], tuple[int, int]]":
    """Parse `7:9`, or with clip numbers as in file names `7_3:9_12`."""
    found = re.fullmatch(r"(\d{1,40})(?:_(\d{1,12}))?:(\d{1,40})(?:_(\d{1,12}))?", text)
    if found is None:
        raise UserError(
            f"--interpolate {text}: give two seeds, as in 7:9, or clips of seeds, as in 7_3:9_12"
        )
    a, first, b, second = (int(part or 0) for part in found.groups())
    return (a, first), (b, second)
