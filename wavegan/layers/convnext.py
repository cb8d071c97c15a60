"""ConvNeXt blocks over frames (Liu et al. 2022; one-dimensional as in Vocos, Siuzdak 2023)."""

from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from wavegan.layers.fusible import activated


class ConvNeXtBlock(nn.Module):
    """Residual branch: a depthwise convolution over time, then a two-layer MLP in each frame.

    Args:
        channels: of input and output.
        hidden: hidden size of the MLP.
        kernel_size: of the depthwise convolution, frames; odd.
        layer_scale: initial factor of the branch; learned per channel.
        eps: of the layer norm.
        gelu: "tanh": approximate activation; "none": exact, as in Vocos.

    Shape: `(B, L, C)` to `(B, L, C)`: frames first, as the MLP and the norm need them.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        kernel_size: int = 7,
        layer_scale: float = 0.1,
        *,
        eps: float = 1e-5,
        gelu: Literal["tanh", "none"] = "tanh",
    ) -> None:
        super().__init__()
        self.activation = partial(functional.gelu, approximate=gelu)
        self.depthwise = nn.Conv1d(
            channels, channels, kernel_size, padding=kernel_size // 2, groups=channels
        )
        self.norm = nn.LayerNorm(channels, eps=eps)
        self.expand = nn.Linear(channels, hidden)
        self.contract = nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), float(layer_scale)))

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to `(B, L, C)`."""
        branch = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        branch = self.contract(activated(self.expand, self.activation, self.norm(branch)))
        scaled: Tensor = self.scale * branch
        return x + scaled
