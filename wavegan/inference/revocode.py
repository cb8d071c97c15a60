"""Copy synthesis: audio to mel and back, at the level and length it came with."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from wavegan.audio.silence import is_silent
from wavegan.errors import UserError
from wavegan.inference.vocoder import Vocoder


def revocode(vocoder: Vocoder, wave: Tensor) -> Tensor:
    """What a vocoder makes of a clip's own mel spectrogram.

    A model trained on peak-normalised audio hears the clip at that peak; the result is scaled
    back, so a quiet recording stays as quiet as it was.
    Silence (a peak below 1e-6) is left as it is.

    Args:
        vocoder: any.
        wave: `(T,)` at the vocoder's `sample_rate`.

    Returns:
        `(T,)` on the vocoder's device.

    Raises:
        UserError: the model's audio has another rate than what its mels are made of.
    """
    check_rates(vocoder)
    gain = 1.0
    if vocoder.peak and not is_silent(wave):
        gain = vocoder.peak / float(wave.abs().max())
    padded = pad(wave * gain, (0, silence_after(vocoder, wave.shape[-1])))
    made = vocoder(vocoder.mel(padded))[..., : wave.shape[-1]]
    return torch.nn.functional.pad(made, (0, wave.shape[-1] - made.shape[-1])) / gain


def check_rates(vocoder: Vocoder) -> None:
    """Refuse a model that has to be given mels.

    Raises:
        UserError: its audio has another rate than what its mels are made of.
    """
    if vocoder.mel_config.audio_rate != vocoder.mel_config.sample_rate:
        raise UserError(
            f"this model's mels are of {vocoder.mel_config.sample_rate} Hz audio and its output is "
            f"{vocoder.mel_config.audio_rate} Hz: give mel spectrograms instead of audio"
        )


def silence_after(vocoder: Vocoder, samples: int) -> int:
    """Zeros that a clip of so many samples is heard with: whole frames, and one more.

    A center-framed front-end ends one hop early.
    """
    return -samples % vocoder.hop_length + vocoder.hop_length
