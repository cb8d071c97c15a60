"""Generate many clips, several at a time where that gives the same samples as one at a time."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.generators.base import LatentGenerator
from wavegan.inference.clip import Clip, make
from wavegan.inference.clip_length import ClipLength
from wavegan.inference.engine.engine import Engine

TOGETHER = 8
"""Clips per run of the network. Always as many: another number may round differently."""
SAMPLES = 2**18
"""Samples of all clips of a run; a larger batch gains nothing on a CPU."""


class ClipBatches:
    """Makes clips; each is the same, to the bit, whatever others are made with it.

    How a network's layers round may depend on the size of a batch. So the first batch of each
    length is made both ways, and later ones are batches only if the samples were equal. Which
    operations run, and in which order, does not depend on the values.

    Args:
        engine: runs the network.
    """

    def __init__(self, engine: Engine[LatentGenerator]) -> None:
        self._engine = engine
        self._equal: dict[object, bool] = {}

    def make(self, clips: Sequence[Clip], length: ClipLength, fade: int) -> list[Tensor]:
        """See `wavegan.inference.clip.make`."""
        made: list[Tensor] = []
        fits = TOGETHER * length.samples <= SAMPLES
        while fits and len(clips) - len(made) >= TOGETHER:
            made += self._together(clips[len(made) :][:TOGETHER], length, fade)
        return made + self._apart(clips[len(made) :], length, fade)

    def _together(self, clips: Sequence[Clip], length: ClipLength, fade: int) -> list[Tensor]:
        conditions = clips[0].conditions
        case = (
            length,
            fade,
            conditions.loop,
            conditions.truncation < 1,
            self._engine.used,
            self._engine.device,
            torch.get_num_threads(),
        )
        if case in self._equal:
            if self._equal[case]:
                return make(self._engine, clips, length, fade)
            return self._apart(clips, length, fade)
        apart = self._apart(clips, length, fade)
        together = make(self._engine, clips, length, fade)
        self._equal[case] = all(map(torch.equal, apart, together))
        return apart

    def _apart(self, clips: Sequence[Clip], length: ClipLength, fade: int) -> list[Tensor]:
        return [made for clip in clips for made in make(self._engine, [clip], length, fade)]
