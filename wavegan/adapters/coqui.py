"""Interface of Coqui TTS: `vocoder_model.inference(mel)`."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class CoquiVocoder(Adapter):
    """`inference(mel)`: `(1, n_mels, L)` to `(1, 1, T)`.

    Coqui's own models repeat five border frames on each side and return their audio, too; here T
    is the length of the L frames. Source: github.com/idiap/coqui-ai-TTS,
    `HifiganGenerator.inference`.
    """

    def inference(self, c: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, 1, T)`."""
        return self.vocode(shaped(c, (3,), "(B, n_mels, L)")).unsqueeze(1)

    forward = inference
