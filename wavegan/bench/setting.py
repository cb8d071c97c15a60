"""The settings of one measurement, and all combinations of them."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from wavegan.inference.engine.precision import Precision


class Engine(NamedTuple):
    """How a model computes; each has its own copy of the model.

    Attributes:
        precision: what was asked for.
        threads: number of threads of one operation.
    """

    precision: Precision
    threads: int


class Setting(NamedTuple):
    """What one figure is measured with.

    Attributes:
        precision: what was asked for.
        threads: number of threads of one operation.
        batch: items or clips per call.
        seconds: length of each item; None: the length of a sound generator's clip.
    """

    precision: Precision
    threads: int
    batch: int
    seconds: float | None

    @property
    def engine(self) -> Engine:
        """How the model computes."""
        return Engine(self.precision, self.threads)

    @property
    def work(self) -> float:
        """Amount of audio, to compare settings of one model."""
        return self.batch * (1.0 if self.seconds is None else self.seconds)

    def __str__(self) -> str:
        length = "" if self.seconds is None else f", {self.seconds:g} s"
        return f"{self.precision}, threads {self.threads}, batch {self.batch}{length}"


def combined(
    precisions: Iterable[Precision],
    threads: Iterable[int],
    batches: Iterable[int],
    seconds: Iterable[float | None],
) -> Sequence[Setting]:
    """All combinations, those with the least audio first."""
    every = (Setting(*each) for each in product(precisions, threads, batches, seconds))
    return sorted(dict.fromkeys(every), key=lambda each: each.work)
