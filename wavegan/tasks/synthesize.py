"""Unconditional or labelled synthesis: a latent in, a sound like the training data out."""

from typing import cast

import torch
from torch import Tensor, nn

from wavegan.conditions import LABEL, NO_CONDITION, NUMBER, Conditions
from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.random_streams import latents_of_samples
from wavegan.tasks.base import Generated, Task
from wavegan.validation.base import Validation, ValidationData


class Synthesize(Task):
    """The generator maps latents to clips that D cannot tell from real ones.

    The latent of sample number `n` depends on the seed and `n` alone, so resuming is exact and
    several processes draw the same latents as one. A real clip and its latent share only the label.

    Args:
        seed: seed of the latents.
    """

    generator_base = LatentGenerator
    conditions = frozenset({LABEL, NUMBER})
    reconstructs = False
    opened_by = "wavegan.inference.synthesizer:Synthesizer"
    command = "generate"
    example = (
        "from wavegan import Synthesizer\n\n"
        'synthesizer = Synthesizer.from_pretrained("this/folder")\n'
        "clips = synthesizer.sample(8, seed=7)  # (8, C, T)\n"
    )

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        """Make as many clips as `audio` `(B, C, T)` has, with its labels.

        Raises:
            UserError: the generator's clips have another shape than the data.
        """
        network, label = cast(LatentGenerator, generator), conditions.get(LABEL)
        number = conditions.get(NUMBER, torch.arange(len(audio)))
        latent = latents_of_samples(network.prior, network.latent_dim, self.seed, number)
        fake = generator(latent.to(audio.device), label if network.n_labels else None)
        with torch.no_grad():
            real = network.represent(audio)
        if fake.shape != real.shape:
            raise UserError(
                f"the generator's output is {tuple(fake.shape[1:])}, but the data is "
                f"{tuple(real.shape[1:])}: set data.segment and audio.channels to fit the generator"
            )
        return Generated(fake=fake, real=real, estimate=fake, reference=real, label=label)

    def validation(self, data: ValidationData) -> Validation:
        """Compare clips of fixed latents with sets of real clips; the Fréchet distance decides.

        The sets of real clips are read when first needed.
        """
        from wavegan.embeddings.mel_statistics import MelStatistics
        from wavegan.validation.generation import Generation

        return Generation(
            train=data.train,
            held_out=data.held_out,
            embedding=MelStatistics(sample_rate=data.sample_rate),
            labels=data.labels,
            sample_rate=data.sample_rate,
            count=data.count,
            preview_count=data.previews,
            seed=data.seed,
        )
