"""Mapping network: latents to styles, and truncation towards the average style.

Source: Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial
Networks" (arXiv 1812.04948) and 2020 (arXiv 1912.04958), in the shape of
github.com/NVlabs/stylegan2-ada-pytorch (NVIDIA Source Code License).
Each label has its own average, so that truncation does not mix labels: Sauer, Schwarz and Geiger
2022, "StyleGAN-XL" (arXiv 2202.00273).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.layers.equalized import EqualLinear
from wavegan.process_group import summed

SLOPE = 0.2


class Mapping(nn.Module):
    """Maps latents to styles with a few dense layers, in float32 even inside autocast.

    A latent is scaled to a mean square of 1. A learned vector of its label, of the same length and
    scaled the same way, is appended.

    Args:
        latent_dim: D.
        style_dim: S, also the size of the hidden layers.
        n_labels: K; 0: no labels.
        layers: number of layers, at least 1.
        lr_multiplier: learning rate relative to the rest of the network.
        decay: of the moving average of styles after its warm-up; during it they are plain means.

    Attributes:
        w_avg: `(max(K, 1), S)`, the average style of each label.
        seen: `(max(K, 1),)`, number of batches in each average.
    """

    w_avg: Tensor
    seen: Tensor

    def __init__(
        self,
        latent_dim: int,
        style_dim: int,
        n_labels: int = 0,
        *,
        layers: int = 2,
        lr_multiplier: float = 0.01,
        decay: float = 0.995,
    ) -> None:
        super().__init__()
        self.decay = decay
        self.embedding = nn.Embedding(n_labels, latent_dim) if n_labels else None
        size = 2 * latent_dim if n_labels else latent_dim
        self.layers = nn.ModuleList(
            EqualLinear(size if layer == 0 else style_dim, style_dim, lr_multiplier=lr_multiplier)
            for layer in range(layers)
        )
        self.register_buffer("w_avg", torch.zeros(max(n_labels, 1), style_dim))
        self.register_buffer("seen", torch.zeros(max(n_labels, 1)))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Styles `(B, S)` of latents `(B, D)` and, if it has labels, labels `(B,)`."""
        with torch.autocast(latent.device.type, enabled=False):
            x = _normalized(latent.float())
            if self.embedding is not None:
                x = torch.cat([x, _normalized(self.embedding(label))], 1)
            for layer in self.layers:
                x = leaky_relu(layer(x), SLOPE) * math.sqrt(2)
        return x

    @torch.no_grad()
    def average(self, style: Tensor, label: Tensor | None = None) -> None:
        """Update the averages of the labels with styles `(B, S)` of all processes."""
        which = self._rows(style, label)
        count = torch.zeros_like(self.seen).index_add_(0, which, torch.ones_like(style[:, 0]))
        total = torch.zeros_like(self.w_avg).index_add_(0, which, style)
        count, total = summed(torch.cat([count[:, None], total], 1)).tensor_split([1], 1)
        count = count[:, 0]
        mean = total / count.clamp(min=1)[:, None]
        pace = (1 / (self.seen + 1)).clamp(min=1 - self.decay) * (count > 0)
        self.w_avg.lerp_(mean, pace[:, None])
        self.seen += count > 0

    def truncated(self, style: Tensor, label: Tensor | None, truncation: float) -> Tensor:
        """Styles `(B, S)` moved towards the average of their label; 0 gives the average."""
        average = self.w_avg[self._rows(style, label)]
        return average + truncation * (style - average)

    def _rows(self, style: Tensor, label: Tensor | None) -> Tensor:
        if self.embedding is None or label is None:
            return torch.zeros(style.shape[0], dtype=torch.long, device=style.device)
        return label


def _normalized(x: Tensor) -> Tensor:
    """Scale each row of `(B, D)` to a mean square of 1."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
