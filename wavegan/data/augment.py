"""Augmentation of the discriminator's input, against memorizing a small data set.

Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data" (arXiv:2006.06676,
NVlabs/stylegan2-ada-pytorch, NVIDIA Source Code License); Zhao et al. 2020, "Differentiable
Augmentation for Data-Efficient GAN Training" (arXiv:2006.10738).
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from wavegan.data._augment_time import at_speed, masked, shifted
from wavegan.data._augment_tone import BANDS, equalised, noisy
from wavegan.errors import UserError

Change = Callable[[Tensor], Tensor]

SEMITONES = 12


class Augment(nn.Module):
    """Random changes of the same kinds for real and fake; each clip draws its own amounts.

    A change is made with probability `p`, so it maps a distribution by `(1 - p) + p * change`. If
    this map is invertible, G's augmented distribution equals the augmented data only if G's
    distribution equals the data: no augmentation leaks into G's output. The map is invertible

    - for every change with `p` below 1/2;
    - for polarity and channels (a chosen clip is inverted half of the time), equaliser (normal
      gains in decibels, which add up) and mask with any `p` below 1;
    - for gain and looped shift, which are uniform, with `p` up to 0.82, where the characteristic
      function `1 - p + p sin(w) / w` has its first zero.

    With `p` 1 polarity leaks, for example: both signs look right. The paper found 0.8 safe for its
    own changes, and `training/adaptive.py` does not go above that.

    A size of 0 (or False) switches a change off. Three are off by default: speed changes the pitch,
    which may be the label; the paper's default leaves out changes like noise and mask. Random
    numbers come from torch's default generators. Gradients flow to the audio, also second-order
    ones for gradient penalties.

    Args:
        p: probability of each change; may be set between calls.
        polarity: multiply by 1 or -1.
        channels: keep or reverse the order of the channels; no effect on mono.
        gain: largest gain up or down, decibels.
        shift: largest shift later or earlier, as a share of the clip; zeros are shifted in.
        loop: clips are periodic: a shift wraps around, and filters ring from the end into the
            beginning.
        speed: largest change up or down by playing faster or slower, semitones.
        equalise: standard deviation of the equaliser's gains per octave, decibels.
        noise: standard deviation of the level of white noise, as a ratio of the clip's level.
        mask: share of the clip that is silenced, in one piece.

    Raises:
        UserError: a number is out of range, everything is off, or `loop` and `speed` are both set.
    """

    def __init__(
        self,
        p: float = 0.0,
        *,
        polarity: bool = True,
        channels: bool = True,
        gain: float = 6.0,
        shift: float = 0.125,
        loop: bool = False,
        speed: float = 0.0,
        equalise: float = 3.0,
        noise: float = 0.0,
        mask: float = 0.0,
    ) -> None:
        super().__init__()
        _check(p=(p, 1), gain=(gain, 60), shift=(shift, 1), mask=(mask, 1))
        _check(speed=(speed, SEMITONES), equalise=(equalise, 60), noise=(noise, 10))
        if loop and speed:
            raise UserError(f"augment: speed is {speed}, but it breaks loops: set speed to 0")
        self.p = p
        self.loop = loop
        known: list[tuple[float, Change]] = [
            (shift, partial(self._shift, most=shift)),
            (speed, partial(_speed, most=speed)),
            (polarity, _polarity),
            (channels, _channels),
            (gain, partial(_gain, most=gain)),
            (equalise, partial(self._equalise, deviation=equalise)),
            (noise, partial(_noise, deviation=noise)),
            (mask, partial(_mask, share=mask)),
        ]
        self.changes = [change for size, change in known if size]
        if not self.changes:
            raise UserError("augment: every change is off: switch one on, or set augment to null")

    def forward(self, audio: Tensor) -> Tensor:
        """Change `(B, C, T)`, float32 or float64; with `p` 0 it is returned unchanged."""
        if self.p <= 0:
            return audio
        for change in self.changes:
            audio = self._some(change, audio)
        return audio

    def _some(self, change: Change, audio: Tensor) -> Tensor:
        """Change the drawn clips; the others stay bit-identical."""
        # drawn on the CPU, so that their number is known without waiting for the GPU
        drawn = (torch.rand(len(audio)) < self.p).nonzero()[:, 0]
        if not len(drawn):
            return audio
        drawn = drawn.to(audio.device)
        return audio.index_copy(0, drawn, change(audio.index_select(0, drawn)))

    def _shift(self, audio: Tensor, most: float) -> Tensor:
        reach = int(most * audio.shape[-1])
        samples = torch.randint(-reach, reach + 1, (len(audio),))
        return shifted(audio, samples.to(audio.device), loop=self.loop)

    def _equalise(self, audio: Tensor, deviation: float) -> Tensor:
        decibels = deviation * torch.randn(len(audio), BANDS)
        return equalised(audio, decibels.to(audio), loop=self.loop)


def _polarity(audio: Tensor) -> Tensor:
    signs = 1 - 2 * torch.randint(2, (len(audio), 1, 1))
    return audio * signs.to(audio)


def _channels(audio: Tensor) -> Tensor:
    reverse = torch.randint(2, (len(audio), 1, 1)).bool().to(audio.device)
    return torch.where(reverse, audio.flip(1), audio)


def _gain(audio: Tensor, most: float) -> Tensor:
    decibels = most * _around_zero(audio)[:, None, None]
    return audio * 10 ** (decibels / 20)


def _speed(audio: Tensor, most: float) -> Tensor:
    return at_speed(audio, 2 ** (most * _around_zero(audio) / SEMITONES))


def _noise(audio: Tensor, deviation: float) -> Tensor:
    ratio = deviation * torch.randn(len(audio))
    return noisy(audio, torch.randn_like(audio), ratio.to(audio.device))


def _mask(audio: Tensor, share: float) -> Tensor:
    length = audio.shape[-1]
    samples = int(share * length)
    middle = torch.randint(length, (len(audio),)).to(audio.device)
    return masked(audio, middle - samples // 2, samples)


def _around_zero(audio: Tensor) -> Tensor:
    """A number in [-1, 1) for each clip."""
    return (2 * torch.rand(len(audio)) - 1).to(audio)


def _check(**numbers: tuple[float, float]) -> None:
    for name, (value, most) in numbers.items():
        if not 0 <= value <= most:
            raise UserError(f"augment: {name} is {value}: give a number from 0 to {most}")
