"""Interface of NVIDIA NeMo: `convert_spectrogram_to_audio(spec=...)`."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class NeMoVocoder(Adapter):
    """`convert_spectrogram_to_audio(spec=mel)`: `(B, n_mels, L)` to `(B, T)`.

    Source: github.com/NVIDIA/NeMo, `Vocoder.convert_spectrogram_to_audio`. NeMo's own mels have
    the preset `nemo-22k`.
    """

    def convert_spectrogram_to_audio(self, *, spec: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, T)`."""
        return self.vocode(shaped(spec, (3,), "(B, n_mels, L)"))

    forward = convert_spectrogram_to_audio
