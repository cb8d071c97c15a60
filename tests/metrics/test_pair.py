"""The length rule that all metrics share."""

import pytest
import torch

from wavegan import plugins
from wavegan.errors import UserError
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric

METRICS = ["mel_distance", "stft_distance", "pesq", "stoi"]


def metric(name: str) -> Metric:
    made: Metric = plugins.find("metrics", name)()
    return made


def voice(samples: int = 24000) -> torch.Tensor:
    """Noise in syllables, 4 a second at 24 kHz, so that speech metrics find something to judge."""
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    return 0.1 * noise * torch.sin(torch.arange(samples) * torch.pi * 4 / 24000) ** 2


@pytest.mark.parametrize("name", METRICS)
def test_the_longer_clip_is_cut_at_its_end(name: str) -> None:
    """A rest of 600 samples is 25 ms at 24 kHz; whatever it holds is not looked at."""
    clip, longer = voice(), torch.cat([voice(), torch.ones(1, 600)], dim=1)
    equal = metric(name)(clip, clip, 24000)
    assert metric(name)(longer, clip, 24000) == equal
    assert metric(name)(clip, longer, 24000) == equal


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_refuses_pairs_that_do_not_match(name: str) -> None:
    clip = voice()
    bad = {
        "may differ by 600 samples": torch.cat([clip, torch.zeros(1, 601)], dim=1),
        "same channels": clip.expand(2, -1),
        "channels, samples": clip[0],
        "NaN or infinite samples": torch.full_like(clip, float("nan")),
    }
    for message, estimate in bad.items():
        with pytest.raises(UserError, match=message):
            metric(name)(estimate, clip, 24000)
    with pytest.raises(UserError, match="must not be 0"):
        metric(name)(clip[:, :0], clip[:, :0], 24000)


@pytest.mark.parametrize("name", METRICS)
def test_the_direction_is_the_one_declared(name: str) -> None:
    judge, clip = metric(name), voice()
    noise = torch.randn(clip.shape, generator=torch.Generator().manual_seed(1))
    best, good, bad = (judge(clip + level * noise, clip, 24000) for level in (0, 0.003, 0.1))
    assert (best > good > bad) if judge.higher_is_better else (best < good < bad)


def test_the_pair_is_cut_without_gradient_in_float32() -> None:
    estimate = torch.ones(1, 10, dtype=torch.float64, requires_grad=True)
    first, second = same_length(estimate, torch.zeros(1, 9).half(), 1000)
    assert first.shape == second.shape == (1, 9)
    assert first.dtype == second.dtype == torch.float32
    assert not first.requires_grad
