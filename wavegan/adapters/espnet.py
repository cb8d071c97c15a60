"""The call of ESPnet's text-to-speech: `vocoder(feats)`, frames first."""

from torch import Tensor

from wavegan.adapters.base import Adapter, shaped


class ESPnetVocoder(Adapter):
    """`vocoder(feats)`: `(L, n_mels)` to `(T,)`; the features are raw, as ESPnet hands them over.

    Source: github.com/espnet/espnet, `ParallelWaveGANPretrainedVocoder`, whose `fs` is read too.
    """

    @property
    def fs(self) -> int:
        """Rate of the audio, Hz."""
        return self.sample_rate

    def forward(self, feats: Tensor) -> Tensor:
        """Shape: `(L, n_mels)` to `(T,)`."""
        return self.vocode(shaped(feats, (2,), "(L, n_mels)").T)
