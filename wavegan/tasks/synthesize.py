"""Synthesis: a latent in, a sound like those of the data out."""

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.tasks.base import NOTHING, Condition, Generated, Task

LATENT = 2
"""Which of the independent random streams of one seed (see `data/segments.py` for the others)."""


class Synthesize(Task):
    """The generator turns latents into clips that D cannot tell from real ones.

    The latent of sample number `n` depends on the seed and `n` alone, so that resuming is exact and
    several processes draw what one would. Clip and latent of a pair share nothing but the label.

    Args:
        seed: of the latents.
    """

    takes_labels = True
    reconstructs = False

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def generate(
        self, generator: nn.Module, audio: Tensor, condition: Condition = NOTHING
    ) -> Generated:
        """Make as many clips as `audio` `(B, C, T)` has, with its labels.

        Raises:
            UserError: the generator's clips are of another shape than the data's.
        """
        network = cast(LatentGenerator, generator)
        number = torch.arange(len(audio)) if condition.number is None else condition.number
        latent = latents(network, self.seed, number).to(audio.device)
        fake = generator(latent, condition.label if network.n_labels else None)
        with torch.no_grad():
            real = network.represent(audio)
        if fake.shape != real.shape:
            raise UserError(
                f"the generator makes {tuple(fake.shape[1:])} and the data is "
                f"{tuple(real.shape[1:])}: set data.segment and data.channels to what it makes"
            )
        return Generated(fake=fake, real=real, estimate=fake, reference=real, label=condition.label)


def latents(generator: LatentGenerator, seed: int, numbers: Tensor) -> Tensor:
    """The latents `(B, D)` of samples `(B,)`, each a function of the seed and its number."""
    drawn = []
    for number in numbers.tolist():
        random = np.random.default_rng([seed, LATENT, number])
        if generator.prior == "uniform":
            drawn.append(random.uniform(-1, 1, generator.latent_dim))
        else:
            drawn.append(random.standard_normal(generator.latent_dim))
    return torch.from_numpy(np.stack(drawn).astype(np.float32))
