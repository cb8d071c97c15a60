"""The fixed embedding: worked out by hand, on real sounds, and on degraded ones."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from wavegan.data import clips
from wavegan.data.scan import scan
from wavegan.embeddings.mel_statistics import CHANGE, COURSE, SPECTRUM, SPREAD, MelStatistics
from wavegan.errors import UserError
from wavegan.set_metrics.frechet import Frechet

RATE = 16000


def tone(hertz: float, seconds: float = 0.5, level: float = 0.5) -> Tensor:
    place = torch.arange(round(seconds * RATE)) / RATE
    return (level * torch.sin(2 * math.pi * hertz * place))[None, None]


def parts(audio: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean, deviation and change of 32 bands, and the course (4 groups, 8 orders), unweighted."""
    mean, spread, change, course = MelStatistics(RATE)(audio)[0].split(32)
    return mean / SPECTRUM, spread / SPREAD, change / CHANGE, course.reshape(4, 8) / COURSE


def sounds(folder: Path, sample_rate: int, samples: int, count: int) -> tuple[Tensor, Tensor]:
    """The first clips of each label, `(N, 1, samples)`, and their labels."""
    manifest = scan(folder)
    audio, label = [], []
    for number, name in enumerate(manifest.labels):
        chosen = [clip for clip in manifest.clips if clip.label == name]
        for clip in chosen[:: max(1, len(chosen) // count)][:count]:
            crop = clips.crop(clip, manifest.root, sample_rate, start=0, frames=samples)
            audio.append(torch.nn.functional.pad(crop, (0, samples - crop.shape[-1])))
            label.append(number)
    return torch.stack(audio), torch.tensor(label)


def test_silence_is_the_origin() -> None:
    assert MelStatistics(RATE)(torch.zeros(2, 1, 4000)).norm() < 1e-5
    assert MelStatistics(RATE)(torch.full((1, 1, 4000), 1e-4)).norm() < 0.1


def test_a_steady_tone_is_its_level_in_its_band_and_does_not_move() -> None:
    """A sine of 1/2 is ln(1000 / 2) nepers above the floor of -60 dB, and up to ln 2 more."""
    mean, _, change, course = parts(tone(1000, seconds=4))
    loudest = int(mean.argmax())
    assert math.log(500) < float(mean[loudest]) < math.log(1000)
    assert int(parts(tone(3000))[0].argmax()) > loudest
    assert float(change[loudest]) < 0.05
    assert float(course.abs().max()) < 0.05
    quieter = parts(tone(1000, seconds=4, level=0.25))[0][loudest]
    assert float(mean[loudest] - quieter) == pytest.approx(math.log(2), abs=0.05)


def test_noise_changes_from_frame_to_frame_and_a_tone_does_not() -> None:
    noise = 0.1 * torch.randn(1, 1, RATE, generator=torch.Generator().manual_seed(0))
    mean, _, change, _ = parts(tone(1000, 1.0))
    assert float(parts(noise)[2][mean.argmax()]) > 10 * float(change[mean.argmax()])


def test_the_course_tells_a_sound_from_its_reverse() -> None:
    """Falling levels have positive first coefficients, rising ones negative; all else is equal."""
    fading = tone(1000, 1.0) * torch.linspace(1, 0, RATE) ** 4
    forward, backward = parts(fading), parts(fading.flip(-1))
    assert float(forward[3][:, 0].max()) > 0.5
    assert float(backward[3][:, 0].min()) < -0.5
    assert torch.allclose(forward[0], backward[0], atol=0.1)


def test_the_course_by_hand() -> None:
    """Of levels that are a cosine of order 3 in time, only coefficient 3 is not 0: 1 / sqrt 2."""
    place = (torch.arange(50) + 0.5) / 50
    levels = torch.cos(3 * math.pi * place).expand(1, 32, -1)
    course = MelStatistics(RATE)._course(levels)[0]
    expected = torch.zeros(4, 8)
    expected[:, 2] = 0.5**0.5
    assert torch.allclose(course, expected, atol=1e-5)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 22050, 44100, 48000])
def test_any_rate_and_length_and_any_channels(sample_rate: int) -> None:
    embed = MelStatistics(sample_rate).eval()
    for samples in (1, 100, sample_rate):
        audio = torch.rand(2, 2, samples) - 0.5
        vector = embed(audio)
        assert vector.shape == (2, 3 * 32 + 4 * 8)
        assert bool(vector.isfinite().all())
        assert torch.allclose(embed(audio[1:]), vector[1:], atol=1e-4)
    assert not list(embed.parameters())
    assert not embed.state_dict()


def test_the_level_is_the_mean_of_the_channels() -> None:
    one, silence = tone(1000), torch.zeros(1, 1, RATE // 2)
    both = parts(torch.cat([one, silence], dim=1))[0]
    assert torch.allclose(both, parts(one)[0] / 2, atol=1e-4)
    assert torch.allclose(parts(torch.cat([silence, one], dim=1))[0], both, atol=1e-5)


def test_opposite_channels_do_not_cancel() -> None:
    one = tone(1000)
    assert torch.allclose(
        MelStatistics(RATE)(torch.cat([one, -one], dim=1)), MelStatistics(RATE)(one), atol=1e-4
    )


def test_autocast_changes_nothing() -> None:
    audio = torch.rand(1, 1, 8000) - 0.5
    with torch.autocast("cpu", torch.bfloat16):
        inside = MelStatistics(RATE)(audio)
    assert (inside - MelStatistics(RATE)(audio)).abs().max() < 0.05


@pytest.mark.parametrize(
    ("name", "sample_rate", "ratio", "right"),
    [("drums", 22050, 1.3, 0.6), ("digits", 8000, 1.05, 0.4)],
)
def test_real_sounds_of_one_label_are_nearer_to_each_other(
    shared: Path, name: str, sample_rate: int, ratio: float, right: float
) -> None:
    audio, label = sounds(shared / "data" / name, sample_rate, sample_rate // 2, 12)
    vectors = MelStatistics(sample_rate)(audio)
    distance = torch.cdist(vectors, vectors)
    same = label[:, None] == label
    itself = torch.eye(len(label), dtype=torch.bool)
    assert distance[~same].mean() > ratio * distance[same & ~itself].mean()
    nearest = distance.masked_fill(itself, torch.inf).argmin(1)
    assert (label[nearest] == label).float().mean() > right


@pytest.mark.parametrize(("name", "sample_rate"), [("drums", 22050), ("digits", 8000)])
def test_the_worse_the_sounds_the_larger_the_distance(
    shared: Path, name: str, sample_rate: int
) -> None:
    audio, _ = sounds(shared / "data" / name, sample_rate, sample_rate // 2, 10)
    real, other = audio[::2], audio[1::2]
    embed, random = MelStatistics(sample_rate), torch.Generator().manual_seed(0)
    noise = torch.randn(other.shape, generator=random)
    vectors = embed(real)

    def distance(made: Tensor) -> float:
        return Frechet()(embed(made), vectors)

    def dulled(taps: int) -> Tensor:
        return torch.nn.functional.conv1d(other, torch.ones(1, 1, taps) / taps, padding="same")

    clean = distance(other)
    noisy = [distance(other + level * noise) for level in (0.003, 0.03, 0.3)]
    dull = [distance(dulled(taps)) for taps in (3, 7, 15)]
    assert clean < noisy[0] < noisy[1] < noisy[2]
    assert clean < dull[0] < dull[1] < dull[2]
    assert distance(other.flip(-1)) > 3 * clean
    assert distance(other[:1].expand(len(other), -1, -1)) > 3 * clean


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_mels": 30}, "n_mels 30 must be a multiple of groups 4: use 32"),
        ({"n_mels": 1}, "n_mels 1 must be a multiple of groups 4: use 4"),
        ({"orders": 0}, "orders is 0: give 1 or more"),
        ({"n_mels": 2000}, "n_mels 2000 is above the 257 bins"),
    ],
)
def test_refusals(options: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        MelStatistics(RATE, **options)
    with pytest.raises(UserError, match="sample_rate is 900: give 1000 Hz or more"):
        MelStatistics(900)
