"""What holds for every reconstruction loss."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from wavegan.losses.base import Loss
from wavegan.losses.mel import MelL1
from wavegan.losses.multi_scale_mel import MultiScaleMel
from wavegan.losses.stft import MultiResolutionSTFT
from wavegan.mel.front_end import Mel

LOSSES: dict[str, Callable[[], Loss]] = {
    "mel": lambda: MelL1(Mel.preset("hifigan-22k")),
    "mel, square root without epsilon": lambda: MelL1(Mel.preset("vocos-24k")),
    "multi_scale_mel": lambda: MultiScaleMel(22050),
    "stft": MultiResolutionSTFT,
}
SMALL: dict[str, Callable[[], Loss]] = {
    "mel": lambda: MelL1(Mel(n_fft=64, hop_length=16, win_length=48, n_mels=8, f_max=None)),
    "multi_scale_mel": lambda: MultiScaleMel(16000, windows=(16, 32), bands=(3, 6)),
    "stft": lambda: MultiResolutionSTFT((32, 64), (8, 12), (24, 64)),
}


@pytest.fixture(params=LOSSES.values(), ids=LOSSES.keys())
def loss(request: pytest.FixtureRequest) -> Loss:
    made: Loss = request.param()
    return made


def noise(batch: int = 2, samples: int = 4096, seed: int = 0, level: float = 0.1) -> Tensor:
    return level * torch.randn(batch, 1, samples, generator=torch.Generator().manual_seed(seed))


def gradient(loss: Loss, estimate: Tensor, reference: Tensor) -> Tensor:
    estimate = estimate.clone().requires_grad_()
    loss(estimate, reference).backward()
    assert estimate.grad is not None
    return estimate.grad


def test_zero_at_equality_and_positive_elsewhere(loss: Loss) -> None:
    value = loss(noise(), noise())
    assert value.shape == ()
    assert value.item() == 0
    assert loss(noise(), noise(seed=1)).item() > 0.1


def test_batch_of_two_is_the_mean_of_two_batches(loss: Loss) -> None:
    """So the average over processes is one process with the whole batch. The clips differ in
    level, which a ratio of sums over the batch would notice."""
    level = torch.tensor([0.01, 1.0]).reshape(2, 1, 1)
    estimate, reference = noise() * level, noise(seed=1) * level.flip(0)
    halves = [loss(estimate[i : i + 1], reference[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(loss(estimate, reference), (halves[0] + halves[1]) / 2)


@pytest.mark.parametrize(
    ("estimate", "reference"), [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0)], ids=["both", "fake", "real"]
)
def test_silence_gives_finite_values_and_gradients(
    loss: Loss, estimate: float, reference: float
) -> None:
    pair = noise() * estimate, noise(seed=1) * reference
    assert loss(*pair).isfinite()
    assert gradient(loss, *pair).isfinite().all()
    half = noise() * (torch.arange(4096) < 2048)
    assert gradient(loss, half, pair[1]).isfinite().all()


def test_denormal_silence_gives_finite_values_and_gradients(
    loss: Loss, silences: Callable[..., dict[str, Tensor]]
) -> None:
    kinds = {**silences(2, 1, 4096), "noise": noise()}
    for name, clip in kinds.items():
        for other in (kinds["zeros"], kinds["denormal noise"], noise(seed=1)):
            assert loss(clip, other).isfinite(), name
            assert gradient(loss, clip, other).isfinite().all(), name


def test_descent_lowers_the_loss(loss: Loss) -> None:
    estimate, reference = noise(), noise(seed=1)
    slope = gradient(loss, estimate, reference)
    step = 1e-3 * slope / slope.norm()
    assert loss(estimate - step, reference) < loss(estimate, reference)


@pytest.mark.parametrize("make", SMALL.values(), ids=SMALL.keys())
def test_gradcheck(make: Callable[[], Loss]) -> None:
    loss, reference = make(), noise(2, 80, seed=1).double()
    estimate = noise(2, 80).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, reference), estimate)


def test_autocast_changes_nothing(loss: Loss) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(noise(), noise(seed=1))
        assert (noise()[0] @ noise()[0].T).dtype == torch.bfloat16  # autocast is really on
        low = loss(noise().bfloat16(), noise(seed=1))
    assert value.dtype == low.dtype == torch.float32
    assert torch.equal(value, loss(noise(), noise(seed=1)))


def test_channels_count_alike_and_nothing_is_saved(loss: Loss) -> None:
    """A stereo clip with the same sound on both sides is as far off as the mono clip."""
    stereo = [clip.expand(-1, 2, -1) for clip in (noise(), noise(seed=1))]
    torch.testing.assert_close(loss(*stereo), loss(noise(), noise(seed=1)))
    assert not loss.state_dict()
    assert not list(loss.parameters())


def test_short_clips_are_no_error(loss: Loss) -> None:
    assert loss(noise(samples=200), noise(samples=200, seed=1)).isfinite()
