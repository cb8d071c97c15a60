"""Interface of ESPnet's text-to-speech: `vocoder(feats)`, frames first."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class ESPnetVocoder(Adapter):
    """`vocoder(feats)`: `(L, n_mels)` to `(T,)`, with raw features, as ESPnet passes them.

    Source: github.com/espnet/espnet, `ParallelWaveGANPretrainedVocoder`, which also has `fs`.
    """

    @property
    def fs(self) -> int:
        """Sample rate of the audio, Hz."""
        return self.sample_rate

    def forward(self, feats: Tensor) -> Tensor:
        """Shape: `(L, n_mels)` to `(T,)`."""
        return self.vocode(shaped(feats, (2,), "(L, n_mels)").T)
