"""A vocoder in two lines: a mel spectrogram in, its waveform out."""

from pathlib import Path

import torch
from torch import Tensor

from wavegan import bundle
from wavegan.audio.mel import Mel, MelSpectrogram
from wavegan.errors import UserError
from wavegan.generators.base import Generator


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

    @classmethod
    def from_pretrained(cls, path: str | Path, device: str | torch.device = "cpu") -> "Vocoder":
        """Open a run, a checkpoint or a bundle.

        Args:
            path: a run stands for its best checkpoint.
            device: where to compute.

        Raises:
            UserError: nothing usable there, or it is no vocoder.
        """
        config, generator = bundle.load(path)
        if config.task != "vocode":
            raise UserError(f"{path}: a model for the task {config.task}, not a vocoder")
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

    @torch.inference_mode()
    def __call__(self, mel: Tensor) -> Tensor:
        """Vocode.

        Args:
            mel: `(..., n_mels, L)`, made by this front-end (see `mel`) or one equal to it.

        Returns:
            `(..., T)` audio in about [-1, 1] with `T = L * hop_length`, on this vocoder's device.

        Raises:
            UserError: another number of mel bands, no frames, or values that are not finite.
        """
        if mel.ndim < 2 or mel.shape[-2] != self.n_mels:
            raise UserError(
                f"mel has shape {tuple(mel.shape)}: this vocoder takes (..., {self.n_mels}, frames)"
            )
        if mel.shape[-1] == 0:
            raise UserError("mel has no frames")
        if not bool(torch.isfinite(mel).all()):
            raise UserError("mel has values that are not finite")
        flat = mel.to(self.device, torch.float32).reshape(-1, *mel.shape[-2:])
        audio: Tensor = self.generator(flat)[:, 0]
        return audio.reshape(*mel.shape[:-2], audio.shape[-1])

    @torch.inference_mode()
    def mel(self, wave: Tensor) -> Tensor:
        """The log-mel spectrogram that this vocoder takes.

        Args:
            wave: `(..., T)` in [-1, 1] at the front-end's `sample_rate`.

        Returns:
            `(..., n_mels, L)`.
        """
        made: Tensor = self.front_end(wave.to(self.device, torch.float32))
        return made
