"""One training step: the discriminator's turn on detached fakes, then the generator's turn."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from wavegan.conditions import NO_CONDITION, Conditions
from wavegan.discriminators.base import ConditionedDiscriminator, Discriminator
from wavegan.losses.base import Loss
from wavegan.objectives import Objective
from wavegan.penalties import Penalty
from wavegan.tasks.base import Generated, Task
from wavegan.training.adaptive import accuracy, real_sign
from wavegan.training.feature_matching import Normalize, feature_matching
from wavegan.training.finite import finite_or_nan, step_if_finite
from wavegan.training.processes import average_gradients

Logs = dict[str, Tensor]


@dataclass
class LearningNetwork:
    """A network with its optimizer and the norm to clip gradients to (None: no clipping)."""

    network: nn.Module
    optimizer: Optimizer
    clip: float | None = None

    def update(self, loss: Tensor) -> Tensor:
        """Backward, average over processes, clip, step; returns the norm before clipping.

        The norm is NaN if the loss or a gradient is not finite; then the network does not change.
        """
        parameters = list(self.network.parameters())
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        mean = average_gradients(parameters, loss)
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        norm = finite_or_nan(norm, mean)
        if self.clip is not None:
            nn.utils.clip_grads_with_norm_(parameters, self.clip, norm)
        step_if_finite(self.optimizer, norm)
        return norm


@dataclass(kw_only=True)
class Terms:
    """The terms of a step.

    Attributes:
        task: generates fakes and pairs from a batch.
        objective: the adversarial losses.
        losses: weight and loss by name.
        penalties: weight and gradient penalty by name.
        matching: weight and normalisation of feature matching (weight 0: none).
        n_critic: turns of D per turn of G; G learns in every n-th step.
        augment: augmentation of D's input, real and fake, or None.
    """

    task: Task
    objective: Objective
    losses: Mapping[str, tuple[float, Loss]] = field(default_factory=dict)
    penalties: Mapping[str, tuple[float, Penalty]] = field(default_factory=dict)
    matching: tuple[float, Normalize] = (0.0, "hifigan")
    n_critic: int = 1
    augment: nn.Module | None = None

    def to(self, device: torch.device) -> None:
        """Move the task and the losses to a device."""
        self.task.to(device)
        for _, loss in self.losses.values():
            loss.to(device)


@dataclass(kw_only=True)
class Step(Terms):
    """A training step: its terms and the two networks.

    Attributes:
        generator: G.
        discriminator: D, or None to train only with losses.
        autocast: makes the context in which the networks run.
    """

    generator: LearningNetwork
    discriminator: LearningNetwork | None
    autocast: Callable[[], AbstractContextManager[None]]

    def __call__(
        self, audio: Tensor, step: int, *, adversarial: bool, conditions: Conditions = NO_CONDITION
    ) -> Logs:
        """Learn from real audio `(B, C, T)`; returns named scalars, on the device."""
        discriminator = self.discriminator if adversarial else None
        learns = discriminator is None or self.generator_learns(step)
        with self.autocast(), torch.set_grad_enabled(learns):
            generated = self.task.generate(self.generator.network, audio, conditions).to_float()
        logs = self.discriminator_turn(discriminator, generated, step) if discriminator else {}
        return logs | (self.generator_turn(discriminator, generated) if learns else {})

    def generator_learns(self, step: int) -> bool:
        """Whether G also learns in this step."""
        return (step + 1) % self.n_critic == 0

    def discriminator_turn(
        self, discriminator: LearningNetwork, generated: Generated, step: int
    ) -> Logs:
        """D learns to classify real and detached fake clips, in one batch."""
        network = cast(Discriminator, discriminator.network)
        real, fake, label = generated.real, generated.fake.detach(), generated.label
        real_logits, fake_logits, weights = self.score_both(network, real, fake, label)
        loss = adversarial = _weighted(
            self.objective.discriminator, real_logits, fake_logits, weights
        )
        logs = {"discriminator/adversarial": adversarial.detach()}
        for name, (weight, penalty) in self.penalties.items():
            if step % penalty.every == 0:
                value = penalty(self.conditioned(network, label), real, fake)
                loss = loss + weight * penalty.every * value
                logs[f"discriminator/{name}"] = value.detach()
        neutral = self.objective.neutral
        logs |= accuracy(real_logits, fake_logits, neutral=neutral)
        if self.augment is not None:
            logs["discriminator/sign"] = real_sign(real_logits, fake_logits, neutral=neutral)
        norm = discriminator.update(loss)
        return logs | {"discriminator/total": loss.detach(), "discriminator/grad_norm": norm}

    def conditioned(
        self, network: nn.Module, label: Tensor | None = None
    ) -> ConditionedDiscriminator:
        """D with augmented input and the clips' labels."""
        return ConditionedDiscriminator(cast(Discriminator, network), label, self.augment)

    def score_both(
        self, network: Discriminator, real: Tensor, fake: Tensor, label: Tensor | None
    ) -> tuple[list[Tensor], list[Tensor], list[float]]:
        """D's logits of real and fake, and the sub-discriminators' weights.

        Real and fake are one batch, unless D's output depends on the other clips of the batch.
        """
        with self.autocast():
            if network.batch_dependent:
                first = self.conditioned(network, label)(real)
                pairs = zip(first, self.conditioned(network, label)(fake), strict=True)
                halves = [(r.logits, f.logits) for r, f in pairs]
            else:
                twice = None if label is None else label.repeat(2)
                first = self.conditioned(network, twice)(torch.cat([real, fake]))
                halves = [_halved(output.logits) for output in first]
        weights = [output.weight for output in first]
        return [r.float() for r, _ in halves], [f.float() for _, f in halves], weights

    def generator_turn(self, discriminator: LearningNetwork | None, generated: Generated) -> Logs:
        """G learns from the losses and, if given, from the frozen D."""
        terms = {
            name: (weight, loss(generated.estimate, generated.reference))
            for name, (weight, loss) in self.losses.items()
        }
        if discriminator:
            terms |= self.adversarial_terms(discriminator.network, generated)
        total = torch.stack([weight * value for weight, value in terms.values()]).sum()
        norm = self.generator.update(total)
        logs = {f"generator/{name}": value.detach() for name, (_, value) in terms.items()}
        return logs | {"generator/total": total.detach(), "generator/grad_norm": norm}

    def adversarial_terms(
        self, network: nn.Module, generated: Generated
    ) -> dict[str, tuple[float, Tensor]]:
        """The adversarial loss and feature matching of the fakes, with D frozen."""
        network.requires_grad_(False)
        with self.autocast():
            conditioned = self.conditioned(network, generated.label)
            fake = conditioned(generated.fake)
            with torch.no_grad():
                real = conditioned(generated.real)
        network.requires_grad_(True)
        real_logits, fake_logits = (
            [r.logits.float() for r in real],
            [f.logits.float() for f in fake],
        )
        weights = [f.weight for f in fake]
        value = _weighted(self.objective.generator, real_logits, fake_logits, weights)
        terms = {"adversarial": (1.0, value)}
        weight, normalize = self.matching
        if weight:
            value = feature_matching(
                [r.feature_maps for r in real],
                [f.feature_maps for f in fake],
                normalize=normalize,
                weights=weights,
            )
            terms["feature_matching"] = (weight, value)
        return terms


def _halved(logits: Tensor) -> tuple[Tensor, Tensor]:
    real, fake = logits.tensor_split(2)
    return real, fake


def _weighted(
    loss: Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor],
    real: Sequence[Tensor],
    fake: Sequence[Tensor],
    weights: Sequence[float],
) -> Tensor:
    """The weighted sum of an objective's loss over sub-discriminators."""
    triples = zip(weights, real, fake, strict=True)
    return torch.stack([weight * loss([r], [f]) for weight, r, f in triples]).sum()
