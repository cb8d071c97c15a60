"""Interface of transformers' SpeechT5: `generate_speech(..., vocoder=vocoder)`, frames first."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class TransformersVocoder(Adapter):
    """`vocoder(spectrogram)`: `(B, L, n_mels)` to `(B, T)`, or `(L, n_mels)` to `(T,)`.

    Source: github.com/huggingface/transformers, `SpeechT5HifiGan.forward`, which
    `SpeechT5ForTextToSpeech.generate_speech` and FastSpeech2Conformer call. Their mels are raw.
    """

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Shape: `(B, L, n_mels)` to `(B, T)`, or `(L, n_mels)` to `(T,)`."""
        mel = shaped(spectrogram, (2, 3), "(B, L, n_mels) or (L, n_mels)")
        return self.vocode(mel.transpose(-1, -2))
