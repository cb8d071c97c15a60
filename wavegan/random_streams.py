"""The independent random streams of one seed, in training and in what is generated.

Each use of a seed has a stream of its own, so that none repeats the numbers of another. What is
drawn for sample or clip number n is a function of the seed and n alone: training resumes exactly,
and a clip is the same whatever is generated beside it. The values below are part of what a seed
means: a change of one changes every run and every sound.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Literal

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from wavegan.errors import UserError

Prior = Literal["normal", "uniform"]


class RunStream(IntEnum):
    """Streams of a run's seed.

    Attributes:
        ORDER: in which order an epoch visits its crops.
        OFFSET: where in its clip a crop begins.
        LATENT: the latents of a batch.
        ROUNDS: in which order a round visits the labels, where they are balanced.
        CYCLES: in which order a label's crops come, where they are balanced.
    """

    ORDER = 0
    OFFSET = 1
    LATENT = 2
    ROUNDS = 3
    CYCLES = 4


class ClipStream(IntEnum):
    """Streams of one clip that is generated.

    Attributes:
        LATENT: its latents.
        NOISE: the noise that its network takes.
        NETWORK: whatever else its network draws, phases say.
        NEIGHBOUR: the way from a latent to one near it.
    """

    LATENT = 0
    NOISE = 1
    NETWORK = 2
    NEIGHBOUR = 3


def of_run(seed: int, stream: RunStream, *numbers: int) -> np.random.Generator:
    """Random numbers of a run's seed for one use.

    Args:
        seed: 0 or more.
        stream: the use.
        numbers: of the sample, the epoch, the round and the like.
    """
    return np.random.default_rng([seed, int(stream), *numbers])


def of_clip(seed: int, number: int, stream: ClipStream) -> np.random.Generator:
    """Random numbers of one generated clip for one use.

    Args:
        seed: 0 or more, of any size.
        number: the clip's, from 0.
        stream: the use.

    Raises:
        UserError: a negative seed or number.
    """
    if seed < 0 or number < 0:
        raise UserError(f"seed {seed}, clip {number}: both must be 0 or more")
    sequence = np.random.SeedSequence(seed, spawn_key=(number, int(stream)))
    return np.random.Generator(np.random.PCG64(sequence))


def draw_latents(
    prior: Prior,
    shape: Sequence[int],
    numbers: np.random.Generator,
    precision: DTypeLike = np.float32,
) -> Tensor:
    """Draw latents, float32 on the CPU: standard normal, or uniform in [-1, 1].

    Args:
        prior: their distribution.
        shape: of what is drawn.
        numbers: where the random numbers come from.
        precision: float32 or float64, in which they are drawn: other numbers for each.
    """
    if prior == "normal":
        drawn = numbers.standard_normal(tuple(shape), precision)  # type: ignore[arg-type]
    else:
        drawn = 2 * numbers.random(tuple(shape), precision) - 1  # type: ignore[arg-type]
    return torch.from_numpy(drawn.astype(np.float32))


def latents_of_samples(prior: Prior, size: int, seed: int, numbers: Tensor) -> Tensor:
    """The latents `(B, size)` of a run's samples, each a function of the seed and its number.

    Args:
        prior: their distribution.
        size: D, the length of a latent.
        seed: the run's.
        numbers: `(B,)` int64, of the samples.
    """
    streams = (of_run(seed, RunStream.LATENT, number) for number in numbers.tolist())
    # drawn in float64, which gives other numbers: what runs of before have been trained on
    return torch.stack([draw_latents(prior, (size,), stream, np.float64) for stream in streams])
