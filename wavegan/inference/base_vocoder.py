"""Run a vocoder's network: a mel spectrogram in, its waveform out."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, overload

import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.inference.caller_warning import warn_caller
from wavegan.inference.engine.engine import Engine
from wavegan.inference.engine.precision import Precision
from wavegan.inference.given import numbers, samples, several, whole
from wavegan.inference.half import better
from wavegan.inference.lengths import item_lengths
from wavegan.inference.noise import fit, noise_of_each, of_items
from wavegan.inference.pieces import FEW, Reach, decode, most_frames, reach
from wavegan.inference.placement import Placed
from wavegan.mel.front_end import Mel
from wavegan.mel.layout import GuessedWarning, of_square
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.mel.value_range import suspicious
from wavegan.own_settings import own_settings

CHECKED = 8
"""Number of calls that check the range of the mel, as the check costs as much as a fast network."""


class BaseVocoder(Placed[MelGenerator]):
    """A generator with the mel front-end it was trained on.

    Args:
        generator: maps `(B, n_mels, L)` to `(B, 1, T)`. It is changed in place: frozen, weight
            norm folded, in float32.
        mel: its front-end.
        peak: the peak to which its training audio was scaled, or None.
        precision: see `Engine`; "auto" is bfloat16 on a CPU where it is faster and sounds the same.
        compile: see `Engine`.

    Attributes:
        mel_config: all fields of its front-end.
    """

    def __init__(
        self,
        generator: MelGenerator,
        mel: Mel,
        peak: float | None = None,
        *,
        precision: Precision = "float32",
        compile: bool = False,
    ) -> None:
        super().__init__(generator, precision, compile=compile)
        self.front_end = MelSpectrogram(mel)
        self.mel_config = mel
        self.peak = peak
        self._checks_left = CHECKED
        self._squared = False

    @property
    def spec(self) -> Mel:
        """The former name of `mel_config`."""
        return self.mel_config

    @property
    def sample_rate(self) -> int:
        """Sample rate of its output, Hz."""
        return self.mel_config.audio_rate

    @property
    def hop_length(self) -> int:
        """Samples of audio per frame."""
        return self.mel_config.samples_per_frame

    @property
    def n_mels(self) -> int:
        """Number of mel bands it takes."""
        return self.mel_config.n_mels

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.described()}, mels of {self.n_mels} bands, "
            f"{self.hop_length} samples a frame, {self.sample_rate} Hz, on {self.device})"
        )

    def parts(self) -> tuple[nn.Module, ...]:
        """All modules to move."""
        return self.generator, self.front_end

    @overload
    def __call__(
        self,
        mel: list[Tensor] | list[NDArray[Any]],
        noise: Sequence[ArrayLike] | None = None,
        *,
        seed: int = 0,
    ) -> list[Tensor]: ...

    @overload
    def __call__(
        self,
        mel: ArrayLike,
        noise: ArrayLike | None = None,
        *,
        lengths: Sequence[int] | Tensor | None = None,
        mask: ArrayLike | None = None,
        seed: int = 0,
    ) -> Tensor: ...

    def __call__(
        self,
        mel: Any,
        noise: Any = None,
        *,
        lengths: Sequence[int] | Tensor | None = None,
        mask: ArrayLike | None = None,
        seed: int = 0,
    ) -> Tensor | list[Tensor]:
        """Vocode mel spectrograms.

        The caller's torch settings (autocast, default dtype and device, modes) have no effect. Mels
        of minutes are decoded in pieces if that gives the same audio.

        Args:
            mel: `(..., n_mels, L)`, made by this front-end (see `mel`) or an equal one. Models of
                projects with frames first also take `(..., L, n_mels)`. A list of such arrays, of
                any lengths, gives a list; each item gets the same audio as on its own.
            noise: noise `(..., channels, length)` for a model with a noise input (Parallel WaveGAN,
                StyleMelGAN, UnivNet), or a list of them for a list of mels; None draws it from
                `seed`, the same for each item.
            lengths: number of frames of each item of a padded batch. The audio after an item's end
                is 0; before it, it is the same as for the item on its own.
            mask: the same as `lengths`, as booleans `(..., L)` that are true at an item's frames.
            seed: seed of the noise.

        Returns:
            `(..., T)` audio in about [-1, 1] on this vocoder's device, float32; T is
            `L * hop_length`, one hop less where the model's frames are centred (Vocos).

        Raises:
            UserError: not numbers, a wrong number of mel bands, no frames, or values that are not
                finite; noise, lengths or a mask that do not fit.
        """
        # no_grad and not inference_mode: callers change the audio in place
        with own_settings(), torch.no_grad():
            mels, seed = several(mel, 2), whole(seed, "seed")
            if mels is None:
                return self._vocode(
                    self.checked(numbers(mel, "mel")), noise, lengths, mask, seed=seed
                )
            if lengths is not None or mask is not None:
                raise UserError("lengths and mask are for one array: a list has its own lengths")
            noises = noise_of_each(noise, len(mels))
            return [
                self._vocode(self.checked(numbers(one, f"mel[{i}]"), f"mel[{i}]"), own, seed=seed)
                for i, (one, own) in enumerate(zip(mels, noises, strict=True))
            ]

    def _vocode(
        self,
        bands: Tensor,
        noise: object = None,
        lengths: object = None,
        mask: object = None,
        *,
        seed: int,
    ) -> Tensor:
        """Audio `(..., T)` of checked mels."""
        flat = bands.reshape(-1, *bands.shape[-2:])
        given = None if noise is None else fit(noise, self.generator, flat.shape[-1])
        if given is not None and len(given) not in (1, len(flat)):
            raise UserError(
                f"noise has {len(given)} items and mel has {len(flat)}: give 1, or one per item"
            )
        frames = item_lengths(flat, lengths, mask)
        self._warn_if_suspicious(flat, frames)
        audio = flat.new_zeros(len(flat), self.generator.output_length(flat.shape[-1]))
        for length in sorted(set(frames)):
            items = [item for item, own in enumerate(frames) if own == length]
            noises = of_items(given, self.generator, items, length, seed)
            made = self._decoded(flat[items, :, :length], noises)
            audio[items, : made.shape[-1]] = made
        return audio.reshape(*bands.shape[:-2], audio.shape[-1])

    def _decoded(self, mel: Tensor, noise: Tensor | None) -> Tensor:
        """Audio `(N, T)` of mels of one length."""
        noise = None if noise is None else noise.to(self.device)
        long = mel.shape[-1] > most_frames(self.generator, self.device)
        return decode(self.engine, mel, noise, self.reach if long else None)

    def run_example(self) -> Tensor:
        """Decode silence."""
        shape = self.generator.noise_shape(FEW)
        noise = () if shape is None else (torch.zeros(1, *shape, device=self.device),)
        made: Tensor = self.generator(torch.zeros(1, self.n_mels, FEW, device=self.device), *noise)
        return made

    def prefers_bfloat16(self, engine: Engine[MelGenerator]) -> bool:
        """Whether bfloat16 is faster than float32 and sounds the same."""
        return better(engine, self.front_end, self.peak)

    @cached_property
    def reach(self) -> Reach | None:
        """Receptive field of its network; None if it needs the whole mel."""
        return reach(self.generator, self.n_mels)

    def warn_of_range(self, mel: Tensor) -> None:
        """In the first calls, warn if values `(N, n_mels, L)` look like another front-end's."""
        if self._checks_left:
            self._checks_left -= 1
            self._warn(suspicious(mel, self.mel_config))

    def _warn(self, reason: str | None) -> None:
        if reason is not None:
            self._checks_left = 0
            warn_caller(reason, RuntimeWarning)

    def checked(self, mel: Tensor, name: str = "mel", *, frames_last: bool = False) -> Tensor:
        """The mel `(..., n_mels, L)` as float32 on the device.

        Args:
            mel: `(..., n_mels, L)`, or frames first if the model's project has them so.
            name: its name in messages.
            frames_last: whether the axis order is certain.

        Raises:
            UserError: another shape, no frames, or values that are not finite.
        """
        if frames_last:
            return self._fitting(mel, name)
        swapped = mel.ndim >= 2 and mel.shape[-2] != self.n_mels and mel.shape[-1] == self.n_mels
        if swapped and self.mel_config.layout == "frames_first":
            mel = mel.transpose(-1, -2)
        if mel.ndim >= 2 and mel.shape[-2] == mel.shape[-1] == self.n_mels:
            mel = self._square(mel)
        return self._fitting(mel, name)

    def _fitting(self, mel: Tensor, name: str) -> Tensor:
        if mel.ndim < 2 or mel.shape[-2] != self.n_mels:
            raise UserError(
                f"{name} has shape {tuple(mel.shape)}: this vocoder takes "
                f"(..., {self.n_mels}, frames)"
            )
        if mel.shape[-1] == 0:
            raise UserError(f"{name} has no frames")
        mel = mel.to(self.device, torch.float32)
        if not bool(torch.isfinite(mel).all()):
            raise UserError(f"{name} has values that are not finite")
        return mel

    def _square(self, mel: Tensor) -> Tensor:
        """With as many frames as bands, find the layout by the values; warn of a guess once."""
        layout = of_square(mel.reshape(-1, *mel.shape[-2:])[0], "frames_last")
        if layout.doubt and not self._squared:
            self._squared = True
            warn_caller(f"mel: {layout.doubt}", GuessedWarning)
        return mel.transpose(-1, -2) if layout.turned else mel

    def _warn_if_suspicious(self, mel: Tensor, frames: list[int]) -> None:
        """Warn once if values of one of the first mels look like another front-end's."""
        if not self._checks_left or not len(mel):
            return
        self._checks_left -= 1
        longest = max(range(len(mel)), key=frames.__getitem__)
        self._warn(suspicious(mel[longest, :, : frames[longest]], self.mel_config))

    @overload
    def mel(self, wave: list[Tensor] | list[NDArray[Any]]) -> list[Tensor]: ...

    @overload
    def mel(self, wave: ArrayLike) -> Tensor: ...

    def mel(self, wave: Any) -> Tensor | list[Tensor]:
        """The log-mel spectrogram that this vocoder takes.

        Args:
            wave: `(..., T)` in [-1, 1] at the front-end's `sample_rate`, or a list of such arrays.

        Returns:
            `(..., n_mels, L)`, float32; for a list, a list.

        Raises:
            UserError: no samples, values far beyond [-1, 1] or not finite, 64-bit integers.
                Integers of audio files, and `(T, channels)`, are converted with a warning.
        """
        with own_settings(), torch.no_grad():
            waves = several(wave, 1)
            if waves is None:
                return self._mel(samples(wave, "wave"))
            return [self._mel(samples(one, f"wave[{i}]")) for i, one in enumerate(waves)]

    def _mel(self, wave: Tensor) -> Tensor:
        made: Tensor = self.front_end(wave.to(self.device))
        return made
