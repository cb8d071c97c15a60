"""What all metrics share: which pairs they refuse, the length rule, and what they declare."""

import json
from collections.abc import Callable
from functools import cache

import pytest
import torch

from wavegan import plugins
from wavegan.errors import UserError
from wavegan.metrics._pair import comparable, same_length
from wavegan.metrics.base import Metric

JUDGES = {"distillmos", "dnsmos", "plcmos", "visqol", "zimtohrli", "speaker", "words"}
"""They carry networks, and have tests of their own."""
METRICS = [name for name in plugins.names("metrics") if name not in JUDGES]
ANY_LENGTH = {"mcd_dtw"}


@cache
def metric(name: str) -> Metric:
    try:
        made: Metric = plugins.find("metrics", name)()
    except UserError as missing:
        pytest.skip(str(missing))
    return made


def voice(wrong: float = 0.0, samples: int = 24000) -> torch.Tensor:
    """A second at 24 kHz of a voice in 4 syllables, for speech metrics to find something in.

    With `wrong` above 0 its pitch is higher and bends elsewhere, it is softer, breaks off, and
    it has noise: every metric measures some of that.
    """
    time = torch.arange(samples) / 24000
    hertz = 140 * (1 + wrong / 10) * (1 + 0.15 * torch.sin(2 * torch.pi * 1.5 * time + 2 * wrong))
    phase = 2 * torch.pi * hertz.double().cumsum(0) / 24000
    tones = sum(torch.sin(k * phase) / k for k in range(1, 25))
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    syllables = torch.sin(time * torch.pi * 4) ** 2 * (time < 1 - wrong / 2)
    return (1 - wrong / 2) * (0.1 * torch.as_tensor(tones).float() * syllables + wrong * noise / 50)


@pytest.mark.parametrize("name", METRICS)
def test_denormal_silence_is_silence(
    name: str, silences: Callable[..., dict[str, torch.Tensor]]
) -> None:
    """The same value as with zeros, or NaN as there: never an error."""
    heard, kinds = voice(), silences(1, 24000)
    pairs = [(clip, clip) for clip in kinds.values()], [(clip, heard) for clip in kinds.values()]
    for group in (*pairs, [(heard, clip) for clip in kinds.values()]):
        values = [metric(name)(estimate, reference, 24000) for estimate, reference in group]
        assert len({str(value) for value in values}) == 1, values


def test_there_are_metrics_to_test() -> None:
    assert {"log_mel_l1", "mcd_dtw", "f0_rmse", "loudness", "pesq_nb"} <= set(METRICS)


@pytest.mark.parametrize("name", [name for name in METRICS if name not in ANY_LENGTH])
def test_the_longer_clip_is_cut_at_its_end(name: str) -> None:
    """A rest of 600 samples is 25 ms at 24 kHz; its content does not matter."""
    clip, longer = voice(), torch.cat([voice(), torch.ones(1, 600)], dim=1)
    equal = metric(name)(clip, clip, 24000)
    assert metric(name)(longer, clip, 24000) == equal
    assert metric(name)(clip, longer, 24000) == equal


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_refuses_pairs_that_do_not_match(name: str) -> None:
    clip = voice()
    bad = {
        "same channels": clip.expand(2, -1),
        "channels, samples": clip[0],
        "NaN or infinite samples": torch.full_like(clip, float("nan")),
    }
    for message, estimate in bad.items():
        with pytest.raises(UserError, match=message):
            metric(name)(estimate, clip, 24000)
    with pytest.raises(UserError, match="must not be 0"):
        metric(name)(clip[:, :0], clip[:, :0], 24000)


@pytest.mark.parametrize("name", [name for name in METRICS if name not in ANY_LENGTH])
def test_clips_of_two_lengths_are_refused(name: str) -> None:
    clip = voice()
    with pytest.raises(UserError, match=r"differ by .*600 samples"):
        metric(name)(torch.cat([clip, torch.zeros(1, 601)], dim=1), clip, 24000)


@pytest.mark.parametrize("name", METRICS)
def test_the_direction_is_the_one_declared(name: str) -> None:
    metric_under_test = metric(name)
    best, good, bad = (metric_under_test(voice(wrong), voice(), 24000) for wrong in (0, 0.1, 0.3))
    assert (best > good > bad) if metric_under_test.higher_is_better else (best < good < bad)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "loudness"])
def test_channels_are_averaged(name: str) -> None:
    """Loudness is that of all channels together, as its standard has it."""
    metric_under_test = metric(name)
    reference = torch.cat([voice(), voice()])
    value = metric_under_test(torch.cat([voice(0.1), voice(0.3)]), reference, 24000)
    each = [metric_under_test(voice(wrong), voice(), 24000) for wrong in (0.1, 0.3)]
    assert each[0] != each[1]
    assert value == pytest.approx(sum(each) / 2, rel=1e-5)


@pytest.mark.parametrize("name", METRICS)
def test_what_is_declared(name: str) -> None:
    """A heading with its arrow, and settings that are plain JSON; a package has its version."""
    metric_under_test = metric(name)
    assert metric_under_test.label.endswith(" ↑" if metric_under_test.higher_is_better else " ↓")
    assert metric_under_test.needs_reference
    assert json.loads(json.dumps(metric_under_test.settings)) == metric_under_test.settings
    package = {
        "pesq_wb": "pesq",
        "pesq_nb": "pesq",
        "stoi": "pystoi",
        "loudness": "pyloudnorm",
        "f0_rmse": "librosa",
        "log_mel_l1": "soxr",
    }.get(name)
    if package:
        assert metric_under_test.settings[package].split(".")[0].isdigit()
    else:
        assert metric_under_test.settings


def test_clips_of_any_length_are_comparable() -> None:
    first, second = comparable(torch.ones(2, 10).double(), torch.zeros(2, 3))
    assert first.shape == (2, 10)
    assert second.shape == (2, 3)
    assert first.dtype == torch.float32


def test_the_pair_is_cut_without_gradient_in_float32() -> None:
    estimate = torch.ones(1, 10, dtype=torch.float64, requires_grad=True)
    first, second = same_length(estimate, torch.zeros(1, 9).half(), 1000)
    assert first.shape == second.shape == (1, 9)
    assert first.dtype == second.dtype == torch.float32
    assert not first.requires_grad
