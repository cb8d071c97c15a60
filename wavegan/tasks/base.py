"""What a task says: what goes into the generator, and what is compared with what."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from wavegan.generators.base import Generator


class Condition(NamedTuple):
    """What is known of a batch beside its audio.

    Attributes:
        mel: `(B, n_mels, L)`, what a TTS model made of the same stretch; None: there is none.
        label: `(B,)` int64, the clips' labels; None: the data has none.
        number: `(B,)` int64, the number of each sample since the start of training; None: not in
            training.
    """

    mel: Tensor | None = None
    label: Tensor | None = None
    number: Tensor | None = None


NOTHING = Condition()


class Generated(NamedTuple):
    """What a task makes of a batch, all `(B, C, T)` in [-1, 1] but for the labels.

    Attributes:
        fake: what the discriminator judges, with a graph to the generator.
        real: its real counterpart.
        estimate: what the reconstruction losses and metrics judge.
        reference: what they compare it with.
        label: `(B,)`, of fake and real alike, where the discriminator is to know it.
    """

    fake: Tensor
    real: Tensor
    estimate: Tensor
    reference: Tensor
    label: Tensor | None = None

    def to_float(self) -> "Generated":
        """The same in float32."""
        waves = (self.fake, self.real, self.estimate, self.reference)
        fake, real, estimate, reference = (wave.float() for wave in waves)
        return Generated(fake, real, estimate, reference, self.label)


class Task(nn.Module, ABC):
    """Base of all tasks. Training and validation share `generate`.

    Attributes:
        takes_mels: whether `generate` makes use of a mel.
        takes_labels: whether `generate` makes use of labels.
        reconstructs: whether the estimate shall equal the reference; if not, there is nothing for
            reconstruction losses to compare.
    """

    takes_mels = False
    takes_labels = False
    reconstructs = True

    @abstractmethod
    def generate(
        self, generator: Generator | nn.Module, audio: Tensor, condition: Condition = NOTHING
    ) -> Generated:
        """Run the generator for real audio.

        Args:
            generator: the network.
            audio: `(B, C, T)`.
            condition: what is known beside it.
        """
