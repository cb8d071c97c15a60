"""Independent random streams of one seed, for training and for generation.

Each use of a seed has its own stream, so no use repeats the numbers of another. Numbers for sample
or clip n depend only on the seed and n: training resumes exactly, and a clip does not depend on
the other clips of its batch. Do not change the values below: that would change every run and every
generated sound.
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
        ORDER: the order of the crops in an epoch.
        OFFSET: where a crop begins in its clip.
        LATENT: the latents of a batch.
        ROUNDS: the order of the labels in a round, with balanced labels.
        CYCLES: the order of a label's crops, with balanced labels.
    """

    ORDER = 0
    OFFSET = 1
    LATENT = 2
    ROUNDS = 3
    CYCLES = 4


class ClipStream(IntEnum):
    """Streams of one generated clip.

    Attributes:
        LATENT: its latents.
        NOISE: the noise input of the network.
        NETWORK: other random numbers of the network, such as phases.
        NEIGHBOUR: the direction from a latent to a nearby one.
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
        numbers: the number of the sample, the epoch or the round.
    """
    return np.random.default_rng([seed, int(stream), *numbers])


def of_clip(seed: int, number: int, stream: ClipStream) -> np.random.Generator:
    """Random numbers of one generated clip for one use.

    Args:
        seed: 0 or more, of any size.
        number: the clip's number, from 0.
        stream: the use.

    Raises:
        UserError: the seed or the number is negative.
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
        shape: their shape.
        numbers: the source of random numbers.
        precision: the dtype of the draw, float32 or float64; each gives different numbers.
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
        seed: the run's seed.
        numbers: `(B,)` int64, the numbers of the samples.
    """
    streams = (of_run(seed, RunStream.LATENT, number) for number in numbers.tolist())
    # float64 gives other numbers than float32; existing runs were trained with these
    return torch.stack([draw_latents(prior, (size,), stream, np.float64) for stream in streams])
