"""Non-autoregressive WaveNet: gated dilated convolutions with summed skip connections.

Source: van den Oord et al. 2016, "WaveNet" (arXiv 1609.03499), as in both networks of
Parallel WaveGAN (Yamamoto, Song and Kim 2020, arXiv 1910.11480), in the shape of
github.com/kan-bayashi/ParallelWaveGAN (MIT). Weights start as in that code: He's initialisation for
ReLU (He et al. 2015), with weight norm added afterwards.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from wavegan.errors import UserError
from wavegan.layers.causal import CausalConv1d
from wavegan.layers.conv import same_padding
from wavegan.layers.nonlinearity import Activation


def he_conv1d(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 1,
    *,
    dilation: int = 1,
    padding: int = 0,
    bias: bool = True,
) -> nn.Conv1d:
    """A convolution whose weights start at He's scale and whose bias starts at 0."""
    return he(nn.Conv1d(in_channels, out_channels, kernel_size, 1, padding, dilation, bias=bias))


def he(conv: nn.Conv1d) -> nn.Conv1d:
    """Reinitialise a convolution in place: weights at He's scale, the bias at 0."""
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv


class WaveNetBlock(nn.Module):
    """One gated layer.

        x ─ dropout ─ dilated ─ + ─ tanh · sigmoid ─┬─ skip ─ to the sum
        │                       │                   └─ residual ─ + ─ · √½ ─
        │            condition ─┘                                 │
        └─────────────────────────────────────────────────────────┘

    Args:
        residual_channels: C, of input and output.
        gate_channels: of the dilated convolution; one half goes through tanh, the other gates it.
        skip_channels: S, of the skip output.
        condition_channels: M, of the condition; 0: no condition.
        kernel_size: of the dilated convolution; odd, unless causal.
        dilation: of the dilated convolution, samples.
        dropout: probability of dropout on the input.
        bias: whether all convolutions except that of the condition have a bias.
        causal: use only past samples.
    """

    def __init__(
        self,
        *,
        residual_channels: int,
        gate_channels: int,
        skip_channels: int,
        condition_channels: int,
        kernel_size: int,
        dilation: int,
        dropout: float,
        bias: bool,
        causal: bool,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        ends = (residual_channels, gate_channels, kernel_size)
        self.dilated = (
            he(CausalConv1d(*ends, dilation=dilation, bias=bias))
            if causal
            else he_conv1d(
                *ends, dilation=dilation, padding=same_padding(kernel_size, dilation), bias=bias
            )
        )
        if condition_channels:
            self.condition = he_conv1d(condition_channels, gate_channels, bias=False)
        self.residual = he_conv1d(gate_channels // 2, residual_channels, bias=bias)
        self.skip = he_conv1d(gate_channels // 2, skip_channels, bias=bias)

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Shape: `(B, C, T)` and `(B, M, T)` to `(B, C, T)` and the skip `(B, S, T)`."""
        step = self.dilated(dropout(x, self.dropout, self.training))
        if condition is not None:
            step = step + self.condition(condition)
        signal, gate = step.chunk(2, dim=1)
        step = torch.tanh(signal) * torch.sigmoid(gate)
        return (self.residual(step) + x) * math.sqrt(0.5), self.skip(step)


class WaveNet(nn.Module):
    """Stacks of blocks with doubling dilations, and two convolutions over the sum of their skips.

    The last block's `residual` is not used; it exists because published weights contain it.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        layers: total number of blocks, a multiple of `stacks`.
        stacks: how often the sequence of dilations 1, 2, 4, … repeats.
        kernel_size: see `WaveNetBlock`, also for the following ones.
        residual_channels: C.
        gate_channels: even.
        skip_channels: S.
        condition_channels: M.
        dropout: at least 0, below 1.
        bias: of the blocks' convolutions.
        causal: use only past samples.
        activation: before each of the last two convolutions.
        input_activation: after the first convolution, or None.

    Raises:
        UserError: a value is out of range, or two contradict each other.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        out_channels: int,
        layers: int,
        stacks: int,
        kernel_size: int,
        residual_channels: int,
        gate_channels: int,
        skip_channels: int,
        condition_channels: int,
        dropout: float,
        bias: bool,
        causal: bool,
        activation: Activation,
        input_activation: Activation | None = None,
    ) -> None:
        super().__init__()
        _check_depth(layers, stacks, kernel_size, causal)
        _check_widths(residual_channels, gate_channels, skip_channels, dropout)
        self.conv_pre = he_conv1d(in_channels, residual_channels)
        self.input_activation = input_activation
        self.blocks = nn.ModuleList(
            WaveNetBlock(
                residual_channels=residual_channels,
                gate_channels=gate_channels,
                skip_channels=skip_channels,
                condition_channels=condition_channels,
                kernel_size=kernel_size,
                dilation=2 ** (layer % (layers // stacks)),
                dropout=dropout,
                bias=bias,
                causal=causal,
            )
            for layer in range(layers)
        )
        self.activation = activation
        self.conv_mid = he_conv1d(skip_channels, skip_channels)
        self.conv_post = he_conv1d(skip_channels, out_channels)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Shape: `(B, in_channels, T)` and `(B, M, T)` to `(B, out_channels, T)`."""
        return self.head(self.skips(x, condition))

    def skips(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """The sum of the skips `(B, S, T)`, scaled to not grow with the number of layers."""
        x = self.conv_pre(x)
        if self.input_activation is not None:
            x = self.input_activation(x)
        x, total = self.blocks[0](x, condition)
        for block in list(self.blocks)[1:]:
            x, skip = block(x, condition)
            total = total + skip
        scaled: Tensor = total * math.sqrt(1 / len(self.blocks))
        return scaled

    def head(self, skips: Tensor) -> Tensor:
        """Shape: `(B, S, T)` to `(B, out_channels, T)`."""
        x = self.conv_mid(self.activation(skips))
        return self.conv_post(self.activation(x))  # type: ignore[no-any-return]


def _check_depth(layers: int, stacks: int, kernel_size: int, causal: bool) -> None:
    if stacks < 1:
        raise UserError(f"stacks {stacks} must be at least 1: use 1 for layers {layers}")
    if layers < stacks or layers % stacks:
        nearest = max(round(layers / stacks), 1) * stacks
        raise UserError(
            f"layers {layers} is not a multiple of stacks {stacks}: use layers {nearest}"
        )
    if kernel_size < 1 or (kernel_size % 2 == 0 and not causal):
        raise UserError(
            f"kernel_size {kernel_size} must be odd unless causal: use {max(kernel_size + 1, 1)}"
        )


def _check_widths(residual: int, gate: int, skip: int, dropout: float) -> None:
    if min(residual, skip) < 1 or gate < 2 or gate % 2:
        raise UserError(
            f"residual_channels {residual}, gate_channels {gate} and skip_channels {skip} must be "
            f"positive and gate_channels even: use {max(residual, 1)}, {max(gate + gate % 2, 2)} "
            f"and {max(skip, 1)}"
        )
    if not 0 <= dropout < 1:
        raise UserError(f"dropout {dropout} must be at least 0 and below 1: use 0.0 for no dropout")
