"""Draw unusable clips again, a few times, by a fixed rule.

Draw t of clip i of a seed is that seed's clip number `i + t * DRAW_STRIDE`, with the label of clip
i. So the same seed makes the same files, whatever other clips are requested.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from torch import Tensor

    from wavegan.inference.synthesizer import Synthesizer

TRIES = 6
DRAW_STRIDE = 1_000_000
"""Distance between the numbers of two draws of a clip; more than --count allows."""


class SynthesizerOptions(TypedDict):
    """The part of `GenerationOptions` that `Synthesizer` takes."""

    seconds: float | None
    truncation: float
    loop: bool


@dataclass(frozen=True)
class GenerationOptions:
    """How clips are made.

    Attributes:
        label: of all clips; None: all labels in rotation.
        seconds: length; None is the model's.
        truncation: in [0, 1].
        loop: clips repeat without a seam.
        batch_size: clips in memory at a time.
        leveled: all clips are scaled to one peak, so a quiet loop is acceptable.
    """

    label: str | None
    seconds: float | None
    truncation: float
    loop: bool
    batch_size: int
    leveled: bool = False

    def for_synthesizer(self) -> SynthesizerOptions:
        """Keyword arguments for `Synthesizer`."""
        return {"seconds": self.seconds, "truncation": self.truncation, "loop": self.loop}

    def facts(self) -> dict[str, object]:
        """Options that are not the default, for the files' metadata."""
        usual = replace(self, seconds=None, truncation=1.0, loop=False).for_synthesizer().items()
        return dict(self.for_synthesizer().items() - usual)


@dataclass(frozen=True)
class Clip:
    """A generated clip.

    Attributes:
        wave: `(C, T)`.
        number: its number in the seed; differs from the file's number if it was drawn again.
        draws: number of draws.
        why: why it is unusable; None if it is usable.
    """

    wave: "Tensor"
    number: int
    draws: int
    why: str | None = None


Part = Callable[[int, int, str | None, GenerationOptions], "Tensor"]
"""Generates clips `(size, C, T)` from the first clip's number, size, label and options."""


def drawn_again(
    synthesizer: "Synthesizer", part: Part, labels: Sequence[str], options: GenerationOptions
) -> Iterator[Clip]:
    """Yield a clip for each label, generated in batches; unusable ones are drawn again."""
    for first in range(0, len(labels), options.batch_size):
        waves = part(first, min(options.batch_size, len(labels) - first), options.label, options)
        for number, wave in enumerate(waves, first):
            label = labels[number] if synthesizer.labels else None
            yield settled(synthesizer, wave, number, part, label, options)


def settled(
    synthesizer: "Synthesizer",
    wave: "Tensor",
    number: int,
    part: Part,
    label: str | None,
    options: GenerationOptions,
    tries: int = TRIES,
) -> Clip:
    """The first usable draw of a clip, or the last draw with what is wrong with it."""
    for draw in range(tries):
        own = number + draw * DRAW_STRIDE
        if draw:
            wave = part(own, 1, label, options)[0]
        why = _why_not(synthesizer, wave, part, own, label, options)
        if why is None:
            break
    return Clip(wave, own, draw + 1, why)


def sounding(
    synthesizer: "Synthesizer",
    seed: int,
    number: int,
    label: str | None,
    options: GenerationOptions,
) -> tuple[int, int]:
    """(seed, number) of the clip that `generate` writes: the first draw that is not silent."""
    once = replace(options, loop=False, seconds=None)

    def part(first: int, size: int, label: str | None, options: GenerationOptions) -> "Tensor":
        return synthesizer.sample(size, label, seed=seed, first=first, **options.for_synthesizer())

    wave = part(number, 1, label, once)[0]
    made = settled(synthesizer, wave, number, part, label, once)
    return seed, number if made.why else made.number


def _why_not(
    synthesizer: "Synthesizer",
    wave: "Tensor",
    part: Part,
    number: int,
    label: str | None,
    options: GenerationOptions,
) -> str | None:
    from wavegan.inference import usable

    if not options.loop or synthesizer.generator.circular:
        return usable.silent(wave)
    once = replace(options, loop=False, seconds=None)
    return usable.no_loop(
        wave,
        synthesizer.sample_rate,
        lambda: part(number, 1, label, once)[0],
        quieter=usable.FAINT if options.leveled else usable.QUIETER,
    )
