"""Copy synthesis: audio to mel and back, with the level and length of the original."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from wavegan.audio.silence import is_silent
from wavegan.errors import UserError
from wavegan.inference.base_vocoder import BaseVocoder


def revocode(vocoder: BaseVocoder, wave: Tensor) -> Tensor:
    """Vocode a clip's own mel spectrogram.

    For a model trained on peak-normalised audio the clip is scaled to that peak, and the result is
    scaled back. Silence (a peak below 1e-6) is not scaled.

    Args:
        vocoder: any.
        wave: `(T,)` at the vocoder's `sample_rate`.

    Returns:
        `(T,)` on the vocoder's device.

    Raises:
        UserError: the model's output has another sample rate than the audio of its mels.
    """
    check_rates(vocoder)
    gain = 1.0
    if vocoder.peak and not is_silent(wave):
        gain = vocoder.peak / float(wave.abs().max())
    padded = pad(wave * gain, (0, silence_after(vocoder, wave.shape[-1])))
    made = vocoder(vocoder.mel(padded))[..., : wave.shape[-1]]
    return torch.nn.functional.pad(made, (0, wave.shape[-1] - made.shape[-1])) / gain


def check_rates(vocoder: BaseVocoder) -> None:
    """Refuse a model that needs mels as input.

    Raises:
        UserError: its output has another sample rate than the audio of its mels.
    """
    if vocoder.mel_config.audio_rate != vocoder.mel_config.sample_rate:
        raise UserError(
            f"this model's mels are of {vocoder.mel_config.sample_rate} Hz audio and its output is "
            f"{vocoder.mel_config.audio_rate} Hz: give mel spectrograms instead of audio"
        )


def silence_after(vocoder: BaseVocoder, samples: int) -> int:
    """Number of zeros to append to a clip: up to a whole frame, and one frame more.

    A front-end with centred frames ends one hop early.
    """
    return -samples % vocoder.hop_length + vocoder.hop_length
