"""Sampling order with balanced labels: every label is drawn equally often."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from wavegan.random_streams import RunStream, of_run

Slots = npt.NDArray[np.uint32]


class Balanced:
    """Draws slots in rounds: each round has one slot of each label, in random order.

    Each label goes through its slots in cycles: each slot once, in random order, before any slot
    repeats. Both orders depend only on the seed and the number of the round or cycle, so sample `n`
    is a function of the seed and `n`.

    Args:
        labels: label index of each slot; an index without slots is never drawn.
        seed: 0 or more.
    """

    def __init__(self, labels: npt.NDArray[np.int64], seed: int) -> None:
        self._seed = seed
        self._labels = [int(label) for label in np.unique(labels)]
        self._slots: Sequence[Slots] = [
            np.flatnonzero(labels == label).astype(np.uint32) for label in self._labels
        ]
        self._round: tuple[int, npt.NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self._cycles: dict[int, tuple[int, Slots]] = {}

    def __len__(self) -> int:
        """Samples of an epoch, in which each slot of the label with most slots comes once."""
        return len(self._slots) * max(map(len, self._slots))

    def candidates(self, number: int) -> Iterator[int]:
        """Yield the slot of sample `number`, then its replacements.

        The other slots of its label come first, to keep the balance, then all others.
        """
        turn, place = divmod(number, len(self._slots))
        first = int(self._round_of(turn)[place])
        for which in (first, *(w for w in range(len(self._slots)) if w != first)):
            cycle, start = divmod(turn, len(self._slots[which]))
            order = self._cycle_of(which, cycle)
            for step in range(len(order)):
                yield int(order[(start + step) % len(order)])

    def _cycle_of(self, which: int, cycle: int) -> Slots:
        """The order of a label's slots in a cycle; the last one is cached."""
        if self._cycles.get(which, (-1,))[0] != cycle:
            random = of_run(self._seed, RunStream.CYCLES, self._labels[which], cycle)
            self._cycles[which] = cycle, random.permutation(self._slots[which])
        return self._cycles[which][1]

    def _round_of(self, turn: int) -> npt.NDArray[np.int64]:
        """The order of the labels in a round; the last one is cached."""
        if self._round[0] != turn:
            random = of_run(self._seed, RunStream.ROUNDS, turn)
            self._round = turn, random.permutation(len(self._slots))
        return self._round[1]
