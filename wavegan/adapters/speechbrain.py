"""Interface of SpeechBrain: `decode_batch` and `decode_spectrogram`."""

from collections.abc import Sequence

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped
from wavegan.errors import UserError


class SpeechBrainVocoder(Adapter):
    """`decode_batch(spectrogram, mel_lens, hop_len)`: `(B, n_mels, L)` to `(B, 1, T)`.

    Source: github.com/speechbrain/speechbrain, `speechbrain.inference.vocoders.HIFIGAN`, which
    sets the audio after an item's end to 0; here, the padding does not affect the item's own
    frames, either.
    """

    def decode_batch(
        self,
        spectrogram: Tensor,
        mel_lens: Sequence[int] | Tensor | None = None,
        hop_len: int | None = None,
    ) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, 1, T)`; 0 after an item's `mel_lens` frames.

        Raises:
            UserError: `hop_len` is not the model's.
        """
        if hop_len is not None and hop_len != self.vocoder.hop_length:
            raise UserError(
                f"hop_len is {hop_len}, but this model makes {self.vocoder.hop_length} samples per "
                f"frame: give {self.vocoder.hop_length}"
            )
        return self.vocode(shaped(spectrogram, (3,), "(B, n_mels, L)"), mel_lens).unsqueeze(1)

    def decode_spectrogram(self, spectrogram: Tensor) -> Tensor:
        """Shape: `(n_mels, L)` to `(1, T)`."""
        return self.vocode(shaped(spectrogram, (2,), "(n_mels, L)")).unsqueeze(0)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """The same as `decode_batch`."""
        return self.decode_batch(spectrogram)
