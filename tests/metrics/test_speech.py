"""PESQ and STOI: the packages' values, at their rate, and where they are undefined."""

import math
import sys

import pytest
import torch
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.metrics.pesq_nb import PESQNarrowBand
from wavegan.metrics.pesq_wb import PESQ
from wavegan.metrics.stoi import STOI


def voice(rate: int, seconds: float = 1.0, seed: int = 0) -> Tensor:
    """Noise below 4 kHz in 4 syllables per second, which both packages accept as speech."""
    count = round(8000 * seconds)
    noise = torch.randn(1, count, generator=torch.Generator().manual_seed(seed))
    narrow = 0.1 * noise * torch.sin(torch.arange(count) * torch.pi * 4 / 8000) ** 2
    return torch.from_numpy(resample_array(narrow.numpy(), 8000, rate))


def degraded(rate: int) -> Tensor:
    return voice(rate) + 0.1 * voice(rate, seed=1)


def test_pesq_is_the_packages_wide_band_score() -> None:
    package = pytest.importorskip("pesq")
    expected = package.pesq(16000, voice(16000)[0].numpy(), degraded(16000)[0].numpy(), "wb")
    assert PESQ()(degraded(16000), voice(16000), 16000) == pytest.approx(expected)
    assert PESQ()(voice(16000), voice(16000), 16000) == pytest.approx(4.644, abs=1e-3)


def test_narrow_band_pesq_is_the_packages_at_8_khz() -> None:
    """And nothing above 4 kHz can reach it."""
    package = pytest.importorskip("pesq")
    expected = package.pesq(8000, voice(8000)[0].numpy(), degraded(8000)[0].numpy(), "nb")
    assert PESQNarrowBand()(degraded(8000), voice(8000), 8000) == pytest.approx(expected)
    assert PESQNarrowBand()(voice(8000), voice(8000), 8000) == pytest.approx(4.549, abs=1e-3)
    hiss = 0.05 * torch.sin(2 * torch.pi * 6000 / 16000 * torch.arange(16000))
    assert PESQNarrowBand()(voice(16000) + hiss, voice(16000), 16000) > 4.54
    assert PESQ()(voice(16000) + hiss, voice(16000), 16000) < 4


def test_the_best_narrow_band_score_is_the_mapping_of_4_5() -> None:
    """P.862.1: 0.999 + 4 / (1 + exp(4.6607 - 1.4945 r)) of the best raw score."""
    mapped = 0.999 + 4 / (1 + math.exp(4.6607 - 1.4945 * 4.5))
    assert PESQNarrowBand()(voice(8000), voice(8000), 8000) == pytest.approx(mapped, abs=1e-3)


def test_stoi_is_the_packages_score() -> None:
    package = pytest.importorskip("pystoi")
    # as loud as the voice: only then does STOI clip, and tell the reference from the estimate
    noisy = voice(16000) + voice(16000, seed=1).roll(2000, 1)
    clips = voice(16000)[0].double().numpy(), noisy[0].double().numpy()
    assert package.stoi(*clips, 16000) != pytest.approx(package.stoi(*clips[::-1], 16000), rel=0.01)
    for extended in (False, True):
        expected = package.stoi(*clips, 16000, extended)
        found = STOI(extended=extended)(noisy, voice(16000), 16000)
        assert found == pytest.approx(expected)
    assert STOI()(voice(16000), voice(16000), 16000) == pytest.approx(1)


@pytest.mark.parametrize("rate", [22050, 48000])
def test_the_rate_of_the_clips_hardly_matters(rate: int) -> None:
    for judge in (PESQ(), PESQNarrowBand(), STOI()):
        plain = judge(degraded(16000), voice(16000), 16000)
        assert judge(degraded(rate), voice(rate), rate) == pytest.approx(plain, abs=0.05)


def test_a_mean_over_channels() -> None:
    pair = torch.cat([degraded(16000), voice(16000)]), torch.cat([voice(16000)] * 2)
    for judge in (PESQ(), STOI()):
        each = [judge(e[None], r[None], 16000) for e, r in zip(*pair, strict=True)]
        assert judge(*pair, 16000) == pytest.approx(sum(each) / 2)


def test_nan_where_it_is_undefined() -> None:
    clip, silence = voice(16000), torch.zeros(1, 16000)
    click = silence.clone()
    click[0, 8000:8040] = 0.5
    for judge in (PESQ(), PESQNarrowBand(), STOI()):
        for pair in ((silence, clip), (clip, silence), (silence, silence)):
            assert math.isnan(judge(*pair, 16000))
        assert math.isnan(judge(clip[:, :3000], clip[:, :3000], 16000))
        assert math.isnan(judge(clip[:, :20], clip[:, :20], 16000))
    assert math.isnan(STOI()(click, click, 16000))
    sides = torch.cat([clip, silence])
    assert math.isnan(STOI()(sides, sides, 16000))


@pytest.mark.parametrize(
    ("metric", "package"), [(PESQ, "pesq"), (PESQNarrowBand, "pesq"), (STOI, "pystoi")]
)
def test_a_missing_package_names_the_command(
    metric: type[PESQ] | type[PESQNarrowBand] | type[STOI],
    package: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=r'pip install "wavegan\[metrics\]"'):
        metric()
