"""Gradient penalties against discriminators whose slope is known."""

import pytest
import torch
from torch import Tensor, nn

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.penalties import R1, GradientPenalty, Penalty


class Line(Discriminator):
    """Sub-discriminators `w . x`, each repeating its score `repeat` times in its map."""

    def __init__(self, *weights: list[float], repeat: int = 1) -> None:
        super().__init__()
        self.weights = nn.ParameterList(torch.tensor(w) for w in weights)
        self.repeat = repeat

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        scores = [(audio[:, 0] * w).sum(1, keepdim=True) for w in self.weights]
        return [DiscriminatorOutput(s.expand(-1, self.repeat), []) for s in scores]


class Square(Discriminator):
    """`|x|^2 / 2`: the slope at x is x itself."""

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        return [DiscriminatorOutput(audio.square().sum((1, 2)) / 2, [])]


class Small(Discriminator):
    """A convolutional discriminator with a curved activation."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.outer = nn.Conv1d(1, 4, 5, padding=2), nn.Conv1d(4, 1, 3)

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        return [DiscriminatorOutput(self.outer(torch.tanh(self.inner(audio))), [])]


def clips(batch: int = 2, samples: int = 2, seed: int = 1) -> Tensor:
    return torch.randn(batch, 1, samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("repeat", [1, 9])
def test_known_values_of_a_linear_discriminator(repeat: int) -> None:
    """w = (3, 4): |w|^2 = 25, (|w| - 1)^2 = 16, whatever the audio and the map's length."""
    discriminator = Line([3.0, 4.0], repeat=repeat)
    assert R1(gamma=2.0)(discriminator, clips(), clips()).item() == pytest.approx(25)
    assert R1(gamma=10.0)(discriminator, clips(), clips()).item() == pytest.approx(125)
    assert GradientPenalty()(discriminator, clips(), clips()).item() == pytest.approx(16)


def test_sub_discriminators_add_up_before_the_norm() -> None:
    """Slopes (3, 0) and (0, 4) make (3, 4)."""
    discriminator = Line([3.0, 0.0], [0.0, 4.0])
    assert R1(gamma=2.0)(discriminator, clips(), clips()).item() == pytest.approx(25)
    assert GradientPenalty()(discriminator, clips(), clips()).item() == pytest.approx(16)


def test_r1_looks_at_real_and_weighs_its_slope() -> None:
    """The slope is x: E|x|^2 over (1, 0) and (2, 2) is (1 + 8) / 2 = 4.5, not that of fake."""
    real = torch.tensor([[[1.0, 0.0]], [[2.0, 2.0]]])
    assert R1(gamma=2.0)(Square(), real, clips()).item() == pytest.approx(4.5)


def test_gradient_penalty_is_between_real_and_fake_each_clip_on_its_own() -> None:
    """Real at 1, fake at 0: the slope is e itself, so the penalty is E (e - 1)^2 = 1/3."""
    real, fake = torch.ones(20_000, 1, 1), torch.zeros(20_000, 1, 1)
    torch.manual_seed(0)
    assert GradientPenalty()(Square(), real, fake).item() == pytest.approx(1 / 3, abs=0.01)
    # with fake at 3 all points lie in (1, 3): E (3 - 2e - 1)^2 = E 4 (1 - e)^2 = 4/3
    assert GradientPenalty()(Square(), real, fake + 3).item() == pytest.approx(4 / 3, abs=0.03)


def test_interpolates_follow_the_default_generator() -> None:
    values = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        values.append(GradientPenalty()(Square(), clips(), clips(seed=2)).item())
    assert values[0] == values[1] != values[2]


@pytest.mark.parametrize("penalty", [R1(gamma=2.0), GradientPenalty()])
def test_weights_get_the_gradient_of_the_formula(penalty: Penalty) -> None:
    """d|w|^2 / dw = 2w;  d(|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|, at w = (3, 4)."""
    discriminator = Line([3.0, 4.0])
    penalty(discriminator, clips(), clips()).backward()
    expected = [6.0, 8.0] if isinstance(penalty, R1) else [2 * 4 * 0.6, 2 * 4 * 0.8]
    torch.testing.assert_close(discriminator.weights[0].grad, torch.tensor(expected))


@pytest.mark.parametrize("penalty", [R1(), GradientPenalty()])
def test_gradcheck_through_a_network(penalty: Penalty) -> None:
    discriminator, audio = Small().double(), clips(2, 12).double()
    names = [name for name, _ in discriminator.named_parameters()]

    def value(*weights: Tensor) -> Tensor:
        class Bound(Discriminator):
            def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
                given = dict(zip(names, weights, strict=True))
                return list(torch.func.functional_call(discriminator, given, audio))

        torch.manual_seed(3)
        return penalty(Bound(), audio, audio.flip(2))

    weights = tuple(p.detach().requires_grad_() for _, p in discriminator.named_parameters())
    assert torch.autograd.gradcheck(value, weights)


@pytest.mark.parametrize("penalty", [R1(), GradientPenalty()])
def test_batch_of_two_is_the_mean_of_two_batches(
    penalty: Penalty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "rand", lambda *size, **kinds: torch.full(size, 0.3, **kinds))
    discriminator, real, fake = Small(), clips(2, 32), clips(2, 32, seed=2)
    halves = [penalty(discriminator, real[i : i + 1], fake[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(penalty(discriminator, real, fake), (halves[0] + halves[1]) / 2)


@pytest.mark.parametrize("penalty", [R1(), GradientPenalty()])
def test_audio_is_unchanged_and_a_flat_discriminator_is_safe(penalty: Penalty) -> None:
    """All-zero weights have slope 0, where the norm has no derivative."""
    discriminator, real = Line([0.0, 0.0]), clips()
    penalty(discriminator, real, clips()).backward()
    assert discriminator.weights[0].grad.isfinite().all()
    assert not real.requires_grad


@pytest.mark.parametrize("penalty", [R1(), GradientPenalty()])
def test_float32_under_autocast(penalty: Penalty) -> None:
    discriminator, real, fake = Small(), clips(2, 64), clips(2, 64, seed=2).bfloat16().float()
    torch.manual_seed(0)
    plain = penalty(discriminator, real, fake)
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = penalty(discriminator, real, fake)
        assert discriminator(real)[0].logits.dtype == torch.bfloat16  # autocast is really on
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, plain)
    torch.manual_seed(0)
    assert torch.equal(penalty(discriminator, real, fake.bfloat16()), plain)


def test_wrong_arguments_name_the_field() -> None:
    with pytest.raises(UserError, match="gamma is -1"):
        R1(gamma=-1.0)
    with pytest.raises(UserError, match="gamma is nan"):
        R1(gamma=float("nan"))
    for penalty in (R1, GradientPenalty):
        with pytest.raises(UserError, match="every is 0"):
            penalty(every=0)
    with pytest.raises(UserError, match="differ in shape"):
        GradientPenalty()(Square(), clips(2, 8), clips(2, 9))
    assert (R1(every=16).every, GradientPenalty(every=4).every) == (16, 4)


def test_spectrograms_are_mixed_clip_by_clip_too() -> None:
    """D of `(B, C, F, L)`: its score is the mean, whose slope is 1 / 24 at each of 24 numbers."""

    class Mean(Discriminator):
        def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
            assert audio.shape == (3, 2, 4, 3)
            return [DiscriminatorOutput(audio.flatten(1).mean(1), [])]

    value = GradientPenalty()(Mean(), torch.rand(3, 2, 4, 3), torch.rand(3, 2, 4, 3))
    assert value.item() == pytest.approx((24**-0.5 - 1) ** 2)
