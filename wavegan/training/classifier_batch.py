"""Draw batches for a classifier, with augmentations that keep the label."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

# Lengths are shares of the clip or the spectrogram, levels are in dB.
SHIFT, GAIN, NOISE = 0.2, (-12.0, 3.0), (-80.0, -35.0)
MASKS, BANDS_MASKED, FRAMES_MASKED = 2, 0.15, 0.15


def batch(
    by_label: Sequence[Sequence[Tensor]], samples: int, count: int, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Draw labels, then clips of them: `(count, 1, samples)` and `(count,)`."""
    label = random.integers(len(by_label), size=count)
    sizes = [len(by_label[number]) for number in label]
    clips = [by_label[n][i] for n, i in zip(label, random.integers(sizes), strict=True)]
    audio = torch.stack([_place(clip, samples, random) for clip in clips])
    level = torch.from_numpy(random.uniform(*GAIN, size=(count, 1, 1))).float()
    hiss = torch.from_numpy(random.uniform(*NOISE, size=(count, 1, 1))).float()
    noise = torch.from_numpy(random.standard_normal(audio.shape, np.float32))
    loud = 10 ** (level / 20)
    return loud * (audio + 10 ** (hiss / 20) * noise), torch.from_numpy(label)


def _place(clip: Tensor, samples: int, random: np.random.Generator) -> Tensor:
    """A random crop of a longer clip, or a shorter one at a random position: `(1, samples)`."""
    spare = samples - clip.shape[-1]
    if spare <= 0:
        start = int(random.integers(-spare + 1))
        return clip[:, start : start + samples]
    before = int(random.integers(min(spare, int(SHIFT * samples)) + 1))
    return functional.pad(clip, (before, spare - before))


def mask(spectrogram: Tensor, random: np.random.Generator) -> Tensor:
    """Set some bands and some frames of each `(B, n_mels, L)` to 0."""
    for dim, share in ((1, BANDS_MASKED), (2, FRAMES_MASKED)):
        size = spectrogram.shape[dim]
        for _ in range(MASKS):
            width = random.uniform(0, share * size, len(spectrogram))
            start = random.uniform(0, size - width)
            place = np.arange(size)
            hidden = (place >= start[:, None]) & (place < (start + width)[:, None])
            shape = (-1, size, 1) if dim == 1 else (-1, 1, size)
            here = torch.from_numpy(hidden).reshape(shape).to(spectrogram.device)
            spectrogram = spectrogram.masked_fill(here, 0.0)
    return spectrogram
