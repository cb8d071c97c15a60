"""Interface of Vocos, also used by F5-TTS: `decode(features)` and `vocos(audio)`."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class VocosVocoder(Adapter):
    """`decode(features)`: `(B, n_mels, L)` to `(B, T)`.

    Source: github.com/gemelo-ai/vocos, `Vocos.decode` and `Vocos.forward`.
    """

    def decode(self, features_input: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` or `(n_mels, L)` to `(B, T)` or `(T,)`."""
        return self.vocode(shaped(features_input, (2, 3), "(B, n_mels, L)"))

    def forward(self, audio_input: Tensor) -> Tensor:
        """Copy synthesis, `(B, T)` to `(B, T')`: vocode the audio's own mel spectrogram."""
        return self.vocoder(self.vocoder.mel(audio_input))
