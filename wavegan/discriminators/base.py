"""What every discriminator is: it scores one batch of waveforms."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from torch import Tensor, nn


class DiscriminatorOutput(NamedTuple):
    """What one (sub-)discriminator says of one batch.

    Attributes:
        logits: scores, batch first, any shape after that.
        feature_maps: the activations that feature matching compares, first layer first. Whether
            the logits are among them is the paper's choice, made in each discriminator.
        weight: what its terms count in the losses of both networks; the recipe's.
    """

    logits: Tensor
    feature_maps: list[Tensor]
    weight: float = 1.0


class Discriminator(nn.Module, ABC):
    """Base of all discriminators. It sees one batch, never a (real, fake) pair.

    Attributes:
        shortest: the fewest samples it can judge, where that is known beforehand.
        n_labels: how many labels it knows; above 0 `forward` takes a second argument, `label`.
        batch_dependent: what it says of a clip depends on the rest of the batch (minibatch
            statistics, one phase shuffle for all), so real and fake come in a batch each.
    """

    shortest: int = 1
    n_labels: int = 0
    batch_dependent: bool = False

    @abstractmethod
    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Judge `(B, C, T)`, with its labels `(B,)` if it knows any; one output for each part."""

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """What its layers are given of audio `(B, C, T)`: one tensor, of an ensemble one each.

        Gradient penalties are slopes with respect to this. It is the audio itself, unless a
        discriminator has a front-end whose own slope is not to be judged, such as a logarithm's.
        """
        return [audio]

    def score(
        self, seen: Sequence[Tensor], label: Tensor | None = None
    ) -> list[DiscriminatorOutput]:
        """`forward`, from what `preprocess` made of the audio on."""
        (audio,) = seen
        outputs: list[DiscriminatorOutput] = self(audio, label) if self.n_labels else self(audio)
        return outputs

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Take statistics of real crops `(B, C, T)` into buffers, before training."""


@dataclass(frozen=True)
class ConditionedDiscriminator:
    """A discriminator that has been told the labels of a batch.

    Attributes:
        network: the discriminator.
        label: `(B,)`; not looked at where it knows none.
        augment: what audio goes through before, or None.
    """

    network: Discriminator
    label: Tensor | None = None
    augment: nn.Module | None = None

    def __call__(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Judge `(B, C, T)`."""
        return self.score(self.preprocess(audio))

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """See `Discriminator.preprocess`; of audio once augmented."""
        return self.network.preprocess(audio if self.augment is None else self.augment(audio))

    def score(self, seen: Sequence[Tensor]) -> list[DiscriminatorOutput]:
        """See `Discriminator.score`."""
        return self.network.score(seen, self.label)


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
        self.batch_dependent = any(member.batch_dependent for member in members.values())

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Judge `(B, C, T)`: the members' outputs one after another.

        `label` `(B,)` goes to the members that know labels.
        """
        return self.score(self.preprocess(audio), label)

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """What each member sees; the same tensor for all that see the audio itself."""
        return [part for member in self.each() for part in member.preprocess(audio)]

    def score(
        self, seen: Sequence[Tensor], label: Tensor | None = None
    ) -> list[DiscriminatorOutput]:
        """See `Discriminator.score`; of what each member sees."""
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
