"""R2 against discriminators whose slope is known, and against R1."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from wavegan import plugins
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.penalties import R1, R2


class Of(Discriminator):
    """A discriminator defined by a function."""

    def __init__(self, scores: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        return [DiscriminatorOutput(self.scores(audio), [])]


def square() -> Of:
    """`|x|^2 / 2`: the slope at x is x itself."""
    return Of(lambda audio: audio.square().sum((1, 2)) / 2)


def clips(seed: int, samples: int = 2) -> Tensor:
    return torch.randn(2, 1, samples, generator=torch.Generator().manual_seed(seed))


def test_it_looks_at_fake_and_weighs_its_slope() -> None:
    """The slope is x: E|x|^2 over (1, 0) and (2, 2) is (1 + 8) / 2 = 4.5, not that of real."""
    fake = torch.tensor([[[1.0, 0.0]], [[2.0, 2.0]]])
    assert R2(gamma=2.0)(square(), clips(1), fake).item() == pytest.approx(4.5)
    assert R2(gamma=10.0)(square(), clips(1), fake).item() == pytest.approx(22.5)


def test_it_is_r1_with_real_and_fake_exchanged() -> None:
    real, fake = clips(1), clips(2)
    assert torch.equal(R2(3.0)(square(), real, fake), R1(3.0)(square(), fake, real))
    assert R2(3.0)(square(), real, fake) != R1(3.0)(square(), real, fake)
    assert (R2().gamma, R2().every) == (R1().gamma, R1().every)


def test_weights_get_the_gradient_of_the_formula_and_fakes_none() -> None:
    """gamma / 2 d|w|^2 / dw = gamma w, at w = (3, 4), whatever the clips."""
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    fake = clips(2).requires_grad_()
    line = Of(lambda audio: (audio[:, 0] * weight).sum(1))
    R2(gamma=2.0)(line, clips(1), fake).backward()
    torch.testing.assert_close(weight.grad, torch.tensor([6.0, 8.0]))
    assert fake.grad is None


def test_float32_under_autocast() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv1d(1, 4, 5), nn.Tanh(), nn.Conv1d(4, 1, 3))
    real, fake = clips(1, 64), clips(2, 64)
    discriminator = Of(layers)
    plain = R2()(discriminator, real, fake)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert discriminator(fake)[0].logits.dtype == torch.bfloat16  # autocast is really on
        assert torch.equal(R2()(discriminator, real, fake), plain)
    plain.backward()
    assert all(p.grad.abs().max() > 0 for n, p in layers.named_parameters() if n != "2.bias")


def test_wrong_options_name_the_field_and_the_penalty() -> None:
    with pytest.raises(UserError, match="r2: gamma is -1"):
        R2(gamma=-1.0)
    with pytest.raises(UserError, match="r2: gamma is nan"):
        R2(gamma=float("nan"))
    with pytest.raises(UserError, match="r2: every is 0"):
        R2(every=0)
    with pytest.raises(UserError, match="r1: gamma is -1"):
        R1(gamma=-1.0)


def test_a_recipe_finds_it() -> None:
    options = {"gamma": 0.1, "every": 16}
    built = plugins.build("penalties", "r2", options, where="penalties.r2", context={})
    assert (type(built), built.gamma, built.every) == (R2, 0.1, 16)
