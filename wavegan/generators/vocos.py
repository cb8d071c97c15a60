"""Vocos: ConvNeXt blocks at the frame rate, then one inverse STFT.

Source: Siuzdak 2023, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders
for high-quality audio synthesis" (arXiv 2306.00814; github.com/gemelo-ai/vocos, MIT).
"""

from typing import Literal

from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.convnext import ConvNeXtBlock
from wavegan.layers.istft_head import ISTFTHead

KERNEL = 7
EPS = 1e-6


class Vocos(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, T)`.

    The defaults are those of vocos-mel-24khz. As in the original, the output is not bounded; with
    trained weights it is in about [-1, 1].

    Args:
        n_mels: mel bands of the input.
        dim: channels of the backbone.
        intermediate_dim: channels inside each block.
        num_layers: number of ConvNeXt blocks.
        layer_scale: initial scale of each block's branch; None is `1 / num_layers`.
        n_fft: FFT size of the inverse STFT, samples; even. It may differ from the front-end's.
        padding: "center" gives (L - 1) * hop_length samples, "same" L * hop_length; normally the
            same as in the front-end.
        channels: audio channels.
        hop_length: samples per frame, below `n_fft`.

    Raises:
        UserError: a value is out of range, or `n_fft` and `hop_length` contradict each other.
    """

    local = True

    def __init__(
        self,
        *,
        n_mels: int = 100,
        dim: int = 512,
        intermediate_dim: int = 1536,
        num_layers: int = 8,
        layer_scale: float | None = None,
        n_fft: int = 1024,
        padding: Literal["center", "same"] = "center",
        channels: int = 1,
        hop_length: int = 256,
    ) -> None:
        super().__init__()
        _check(n_mels, dim, intermediate_dim, num_layers, channels, layer_scale, padding)
        self.hop_length, self.padding = hop_length, padding
        scale = 1 / num_layers if layer_scale is None else layer_scale
        self.embed = nn.Conv1d(n_mels, dim, KERNEL, padding=KERNEL // 2)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(dim, intermediate_dim, KERNEL, scale, eps=EPS, gelu="none")
            for _ in range(num_layers)
        )
        self.final_norm = nn.LayerNorm(dim, eps=EPS)
        self.apply(_start)
        self.head = ISTFTHead(dim, n_fft, hop_length, padding, channels)

    def output_length(self, frames: int) -> int:
        """Number of samples of `frames` frames: one hop less if frames are centred."""
        return (frames - (self.padding == "center")) * self.hop_length

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, output_length(L))`."""
        x = self.norm(self.embed(mel).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        wave: Tensor = self.head(self.final_norm(x))
        return wave


def _start(module: nn.Module) -> None:
    """Initialize as in the original; the head keeps torch's own initialization."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _check(
    n_mels: int,
    dim: int,
    intermediate_dim: int,
    num_layers: int,
    channels: int,
    layer_scale: float | None,
    padding: str,
) -> None:
    if min(n_mels, dim, intermediate_dim, num_layers, channels) < 1:
        raise UserError(
            f"n_mels {n_mels}, dim {dim}, intermediate_dim {intermediate_dim}, num_layers "
            f"{num_layers} and channels {channels} must be at least 1"
        )
    if layer_scale is not None and layer_scale < 0:
        raise UserError(
            f"layer_scale {layer_scale} must be 0 or more: null is 1 / num_layers "
            f"({1 / num_layers:g})"
        )
    if padding not in ("center", "same"):
        raise UserError(f'padding {padding!r} is not known: use "center" or "same"')
