"""A vocoder in two lines: a mel spectrogram in, its waveform out."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from wavegan import bundle
from wavegan.audio.mel import Mel, MelSpectrogram
from wavegan.audio.mel_range import suspicious
from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.inference.lengths import item_lengths
from wavegan.inference.noise import draw, fit

CHECKED = 8
"""How many calls look at what the values are like: it costs as much as a fast network."""


class Vocoder:
    """A generator with the mel front-end it was trained on.

    >>> vocoder = Vocoder.from_pretrained("runs/my-voice")  # doctest: +SKIP
    >>> audio = vocoder(vocoder.mel(wave))  # doctest: +SKIP

    Args:
        generator: takes `(B, n_mels, L)`, returns `(B, 1, T)`.
        mel: its front-end.
        peak: the peak to which its training audio was scaled, or None.
    """

    def __init__(self, generator: Generator, mel: Mel, peak: float | None = None) -> None:
        self.generator = generator.eval().requires_grad_(False)
        self.front_end = MelSpectrogram(mel)
        self.spec = mel
        self.peak = peak
        self._checks_left = CHECKED

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        device: str | torch.device = "cpu",
        *,
        trust_code: bool = False,
    ) -> "Vocoder":
        """Open a model: ours or another project's.

        Args:
            path: a run (which stands for its best checkpoint), a checkpoint, a bundle, or the
                folder or weights file of HiFi-GAN, MelGAN, ParallelWaveGAN, BigVGAN, Vocos and
                others, recognised by the files (see `docs/tts.md`).
            device: where to compute.
            trust_code: let the model name a class outside wavegan, whose module is then imported
                and run. Nothing else of a model ever runs.

        Raises:
            UserError: nothing usable there, or it is no vocoder.
        """
        config, generator = bundle.load(path, trust_code=trust_code)
        if config.task != "vocode":
            hint = ": use Synthesizer or `wavegan generate`" if config.task == "synthesize" else ""
            raise UserError(f"{path}: a model for the task {config.task}, not a vocoder{hint}")
        return cls(generator, config.mel, config.peak).to(device)

    @property
    def sample_rate(self) -> int:
        """Rate of the audio it makes, Hz."""
        return self.spec.audio_rate

    @property
    def hop_length(self) -> int:
        """Samples of audio per frame."""
        return self.spec.samples_per_frame

    @property
    def n_mels(self) -> int:
        """Mel bands it takes."""
        return self.spec.n_mels

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.generator.parameters()).device

    def to(self, device: str | torch.device) -> "Vocoder":
        """Move to a device; returns itself."""
        try:
            self.generator.to(device)
            self.front_end.to(device)
        except (RuntimeError, AssertionError) as error:
            raise UserError(f"device {device}: {str(error).splitlines()[0]}") from None
        return self

    # no_grad and not inference_mode: callers change the audio in place
    @torch.no_grad()
    def __call__(
        self,
        mel: ArrayLike,
        noise: ArrayLike | None = None,
        *,
        lengths: Sequence[int] | Tensor | None = None,
        mask: Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """Vocode.

        Args:
            mel: `(..., n_mels, L)`, made by this front-end (see `mel`) or one equal to it.
                `(..., L, n_mels)` too where the project it is from has frames first.
            noise: what a model with a noise input (Parallel WaveGAN, StyleMelGAN, UnivNet) takes,
                `(..., channels, length)`; None draws it from `seed`, the same for each item.
            lengths: frames of each item of a padded batch, first item first; the audio after an
                item's end is 0, and before it what the item alone gives.
            mask: the same as `lengths`, as booleans `(..., L)` that are true at an item's frames.
            seed: of the noise.

        Returns:
            `(..., T)` audio in about [-1, 1] on this vocoder's device; T is `L * hop_length`, one
            hop less where the model's frames are centred (Vocos).

        Raises:
            UserError: another number of mel bands, no frames, or values that are not finite;
                noise, lengths or a mask that do not fit.
        """
        bands = self._checked(torch.as_tensor(mel))
        flat = bands.reshape(-1, *bands.shape[-2:])
        given = None if noise is None else fit(noise, self.generator, flat.shape[-1])
        if given is not None and len(given) not in (1, len(flat)):
            raise UserError(f"noise is for {len(given)} items and mel holds {len(flat)}")
        frames = item_lengths(flat, lengths, mask)
        self._warn_if_suspicious(flat, frames)
        audio = flat.new_zeros(len(flat), self.generator.output_length(flat.shape[-1]))
        for length in sorted(set(frames)):
            items = [item for item, own in enumerate(frames) if own == length]
            made = self._vocode(flat[items, :, :length], given, items, seed)
            audio[items, : made.shape[-1]] = made
        return audio.reshape(*bands.shape[:-2], audio.shape[-1])

    def _vocode(self, mel: Tensor, given: Tensor | None, items: list[int], seed: int) -> Tensor:
        """Audio `(N, T)` of the items of one length."""
        shape = self.generator.noise_shape(mel.shape[-1])
        if shape is None:
            return self._generated(mel)
        if given is None:
            noise = draw(shape, seed)
        else:
            noise = (given if len(given) == 1 else given[items])[..., : shape[1]]
        return self._generated(mel, noise.to(self.device).expand(len(mel), -1, -1))

    def _generated(self, *inputs: Tensor) -> Tensor:
        try:
            made: Tensor = self.generator(*inputs)
        except RuntimeError as error:
            if "adding size" not in str(error):
                raise
            raise UserError(
                f"mel has {inputs[0].shape[-1]} frames: this model reflects its borders and needs "
                "a few more: put frames of silence after them"
            ) from None
        return made[:, 0]

    def _checked(self, mel: Tensor) -> Tensor:
        """The mel `(..., n_mels, L)` as float32 on the device."""
        swapped = mel.ndim >= 2 and mel.shape[-2] != self.n_mels and mel.shape[-1] == self.n_mels
        if swapped and self.spec.layout == "frames_first":
            mel = mel.transpose(-1, -2)
        if mel.ndim < 2 or mel.shape[-2] != self.n_mels:
            raise UserError(
                f"mel has shape {tuple(mel.shape)}: this vocoder takes (..., {self.n_mels}, frames)"
            )
        if mel.shape[-1] == 0:
            raise UserError("mel has no frames")
        if not bool(torch.isfinite(mel).all()):
            raise UserError("mel has values that are not finite")
        return mel.to(self.device, torch.float32)

    def _warn_if_suspicious(self, mel: Tensor, frames: list[int]) -> None:
        """Once, where values of one of the first mels look like another front-end's."""
        if not self._checks_left or not len(mel):
            return
        self._checks_left -= 1
        longest = max(range(len(mel)), key=frames.__getitem__)
        reason = suspicious(mel[longest, :, : frames[longest]], self.spec)
        if reason is not None:
            self._checks_left = 0
            warnings.warn(reason, RuntimeWarning, stacklevel=4)  # no_grad is a frame too

    @torch.no_grad()
    def mel(self, wave: Tensor) -> Tensor:
        """The log-mel spectrogram that this vocoder takes.

        Args:
            wave: `(..., T)` in [-1, 1] at the front-end's `sample_rate`.

        Returns:
            `(..., n_mels, L)`.
        """
        made: Tensor = self.front_end(wave.to(self.device, torch.float32))
        return made
