"""Latents in, sounds out: the input is a function of the seed and the sample's number."""

import pytest
import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.random_streams import latents_of_samples
from wavegan.tasks.synthesize import Synthesize


def latents(generator: LatentGenerator, seed: int, numbers: Tensor) -> Tensor:
    return latents_of_samples(generator.prior, generator.latent_dim, seed, numbers)


class Echo(LatentGenerator):
    """Makes clips of its latents, and of its labels if it has any."""

    def __init__(self, n_labels: int = 0, samples: int = 6) -> None:
        super().__init__()
        self.latent_dim, self.n_labels, self.segment, self.positions = 6, n_labels, samples, 1
        self.weight = nn.Parameter(torch.ones(()))
        self.labels: list[Tensor | None] = []

    def forward(self, latent: Tensor, label: Tensor | None = None, **_: object) -> Tensor:
        self.labels.append(label)
        return self.weight * latent[:, None, : self.segment]


class Doubling(Echo):
    """D gets the double of real audio."""

    def represent(self, audio: Tensor) -> Tensor:
        return 2 * audio


def test_a_latent_is_a_function_of_seed_and_number() -> None:
    made = latents(Echo(), 5, torch.tensor([3, 4, 3]))
    assert made.shape == (3, 6)
    assert made.dtype == torch.float32
    assert torch.equal(made[0], made[2])
    assert not torch.equal(made[0], made[1])
    assert torch.equal(made[1], latents(Echo(), 5, torch.tensor([4]))[0])
    assert not torch.equal(made[0], latents(Echo(), 6, torch.tensor([3]))[0])


def test_the_prior_is_the_generators() -> None:
    numbers = torch.arange(2000)
    normal = latents(Echo(), 0, numbers)
    assert abs(normal.mean()) < 0.03
    assert normal.std().item() == pytest.approx(1, abs=0.03)
    flat = Echo()
    flat.prior = "uniform"
    uniform = latents(flat, 0, numbers)
    assert uniform.abs().max() <= 1
    assert uniform.std().item() == pytest.approx(3**-0.5, abs=0.02)


def test_the_pair_for_the_discriminator() -> None:
    audio, number, label = torch.rand(2, 1, 6), torch.tensor([7, 8]), torch.tensor([1, 0])
    generator = Doubling(n_labels=2)
    made = Synthesize(seed=3).generate(generator, audio, {"label": label, "number": number})
    assert torch.equal(made.fake[:, 0], latents(generator, 3, number))
    assert made.fake.requires_grad
    assert torch.equal(made.real, 2 * audio)
    assert made.label is label
    assert generator.labels[0] is label


def test_a_generator_without_labels_gets_none() -> None:
    generator = Echo()
    condition = {"label": torch.tensor([1, 0]), "number": torch.tensor([0, 1])}
    Synthesize().generate(generator, torch.rand(2, 1, 6), condition)
    assert generator.labels == [None]


def test_clips_of_another_length_are_refused() -> None:
    with pytest.raises(UserError, match=r"is \(1, 4\), .* data is \(1, 6\): set data.seg"):
        Synthesize().generate(Echo(samples=4), torch.rand(2, 1, 6))
