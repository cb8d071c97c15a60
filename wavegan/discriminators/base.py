"""Base class of discriminators, which score one batch of waveforms."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from torch import Tensor, nn


class DiscriminatorOutput(NamedTuple):
    """Output of one (sub-)discriminator for one batch.

    Attributes:
        logits: scores, batch first, any shape after that.
        feature_maps: the activations for feature matching, first layer first. Each discriminator
            includes the logits or not, as in its paper.
        weight: weight of its terms in the losses of both networks, from the recipe.
    """

    logits: Tensor
    feature_maps: list[Tensor]
    weight: float = 1.0


class Discriminator(nn.Module, ABC):
    """Base class of all discriminators. They take one batch, never a (real, fake) pair.

    Attributes:
        shortest: the fewest samples it can score, if known in advance.
        n_labels: number of labels; above 0 `forward` takes a second argument, `label`.
        batch_dependent: whether the score of a clip depends on the rest of the batch (minibatch
            statistics, one phase shuffle for all), so real and fake need separate batches.
    """

    shortest: int = 1
    n_labels: int = 0
    batch_dependent: bool = False

    @abstractmethod
    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`, with labels `(B,)` if there are any; one output for each part."""

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """The input of the layers for audio `(B, C, T)`: one tensor, or one per ensemble member.

        Gradient penalties differentiate with respect to this. It is the audio itself, unless the
        discriminator has a front-end that penalties should ignore, such as a logarithm.
        """
        return [audio]

    def score(
        self, seen: Sequence[Tensor], label: Tensor | None = None
    ) -> list[DiscriminatorOutput]:
        """The rest of `forward`, on the output of `preprocess`."""
        (audio,) = seen
        outputs: list[DiscriminatorOutput] = self(audio, label) if self.n_labels else self(audio)
        return outputs

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Store statistics of real crops `(B, C, T)` in buffers, before training."""


@dataclass(frozen=True)
class ConditionedDiscriminator:
    """A discriminator with the labels of a batch.

    Attributes:
        network: the discriminator.
        label: `(B,)`; ignored by discriminators without labels.
        augment: augmentation of the audio before, or None.
    """

    network: Discriminator
    label: Tensor | None = None
    augment: nn.Module | None = None

    def __call__(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`."""
        return self.score(self.preprocess(audio))

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """See `Discriminator.preprocess`; the audio is augmented first."""
        return self.network.preprocess(audio if self.augment is None else self.augment(audio))

    def score(self, seen: Sequence[Tensor]) -> list[DiscriminatorOutput]:
        """See `Discriminator.score`."""
        return self.network.score(seen, self.label)


class Ensemble(Discriminator):
    """Several discriminators as one, so the trainer handles exactly one.

    Args:
        members: the discriminators by name; names become prefixes of the weights' keys.
        weights: weight of each member's outputs; 1 by default.
    """

    def __init__(
        self, members: Mapping[str, Discriminator], weights: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        self.members = nn.ModuleDict(members)
        self.weights = dict(weights or {})
        self.n_labels = max((member.n_labels for member in members.values()), default=0)
        self.batch_dependent = any(member.batch_dependent for member in members.values())

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`: the members' outputs one after another.

        `label` `(B,)` goes to the members with labels.
        """
        return self.score(self.preprocess(audio), label)

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """The input of each member; the same tensor for all members without a front-end."""
        return [part for member in self.each() for part in member.preprocess(audio)]

    def score(
        self, seen: Sequence[Tensor], label: Tensor | None = None
    ) -> list[DiscriminatorOutput]:
        """See `Discriminator.score`; takes the input of each member."""
        return [
            output._replace(weight=self.weights.get(name, 1.0))
            for (name, member), part in zip(self.members.items(), seen, strict=True)
            for output in cast(Discriminator, member).score([part], label)
        ]

    def fit(self, crops: Iterable[Tensor]) -> None:
        """See `Discriminator.fit`."""
        if fitting := [each for each in self.each() if type(each).fit is not Discriminator.fit]:
            kept = list(crops)
            for member in fitting:
                member.fit(kept)

    def each(self) -> list[Discriminator]:
        """The members."""
        return [cast(Discriminator, member) for member in self.members.values()]
