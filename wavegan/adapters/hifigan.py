"""Interface of HiFi-GAN and BigVGAN, also used by Matcha-TTS, F5-TTS and GPT-SoVITS."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class HiFiGANVocoder(Adapter):
    """`vocoder(mel)`: `(B, n_mels, L)` to `(B, 1, T)`.

    Source: github.com/jik876/hifi-gan, github.com/NVIDIA/BigVGAN. Matcha-TTS clamps the output, and
    passes the same object to its `Denoiser`, which vocodes a mel of zeros once.
    """

    def forward(self, mel: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` or `(n_mels, L)` to `(B, 1, T)` or `(1, T)`."""
        return self.vocode(shaped(mel, (2, 3), "(B, n_mels, L)")).unsqueeze(-2)
