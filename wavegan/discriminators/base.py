"""What every discriminator is: a judge of one batch of waveforms."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn


class DiscriminatorOutput(NamedTuple):
    """What one (sub-)discriminator says of one batch.

    Attributes:
        logits: scores, batch first, any shape after that.
        feature_maps: the activations that feature matching compares, first layer first. Whether
            the logits are among them is the paper's choice, made in each discriminator.
        weight: what its terms count in the losses of both players; the recipe's.
    """

    logits: Tensor
    feature_maps: list[Tensor]
    weight: float = 1.0


class Discriminator(nn.Module, ABC):
    """Base of all discriminators. It sees one batch, never a (real, fake) pair.

    Attributes:
        shortest: the fewest samples it can judge, where that is known beforehand.
        n_labels: how many labels it knows; above 0 `forward` takes a second argument, `label`.
        apart: what it says of a clip depends on the rest of the batch (minibatch statistics, one
            phase shuffle for all), so real and fake are judged in a batch each.
    """

    shortest: int = 1
    n_labels: int = 0
    apart: bool = False

    @abstractmethod
    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Judge `(B, C, T)`, with its labels `(B,)` if it knows any; one output per judge in it."""


class Ensemble(Discriminator):
    """Several discriminators as one, so that the trainer sees exactly one.

    Args:
        members: the discriminators by name; the names become prefixes of the weights' keys.
        weights: of each member's outputs; 1 where none is given.
    """

    def __init__(
        self, members: Mapping[str, Discriminator], weights: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        self.members = nn.ModuleDict(members)
        self.weights = dict(weights or {})
        self.n_labels = max((member.n_labels for member in members.values()), default=0)
        self.apart = any(member.apart for member in members.values())

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Judge `(B, C, T)`: the members' outputs one after another.

        `label` `(B,)` goes to the members that know labels.
        """
        return [
            output._replace(weight=self.weights.get(name, 1.0))
            for name, member in self.members.items()
            for output in (member(audio, label) if member.n_labels else member(audio))
        ]
