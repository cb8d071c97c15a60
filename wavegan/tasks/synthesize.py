"""Synthesis: a latent in, a sound like those of the data out."""

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
    """The generator turns latents into clips that D cannot tell from real ones.

    The latent of sample number `n` depends on the seed and `n` alone, so that resuming is exact and
    several processes draw what one would. Clip and latent of a pair share nothing but the label.

    Args:
        seed: of the latents.
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
            UserError: the generator's clips are of another shape than the data's.
        """
        network, label = cast(LatentGenerator, generator), conditions.get(LABEL)
        number = conditions.get(NUMBER, torch.arange(len(audio)))
        latent = latents_of_samples(network.prior, network.latent_dim, self.seed, number)
        fake = generator(latent.to(audio.device), label if network.n_labels else None)
        with torch.no_grad():
            real = network.represent(audio)
        if fake.shape != real.shape:
            raise UserError(
                f"the generator makes {tuple(fake.shape[1:])} and the data is "
                f"{tuple(real.shape[1:])}: set data.segment and audio.channels to what it makes"
            )
        return Generated(fake=fake, real=real, estimate=fake, reference=real, label=label)

    def validation(self, data: ValidationData) -> Validation:
        """A set of clips of fixed latents beside sets of real ones; the Fréchet distance decides.

        The sets are read when they are first needed.
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
