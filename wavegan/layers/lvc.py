"""Location-variable convolutions (LVC): kernels are predicted for every frame of a spectrogram.

Source: Zeng et al. 2021, "LVCNet: Efficient Condition-Dependent Modeling Network for Waveform
Generation" (arXiv 2102.10815), as UnivNet uses them (Jang et al. 2021, arXiv 2106.07889;
github.com/maum-ai/univnet, BSD). Module names are those of transformers' `UnivNetModel`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from wavegan.layers.conv import conv1d, upsample1d
from wavegan.layers.fusible import activated
from wavegan.layers.nonlinearity import activation_function


def location_variable_convolution(x: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
    """Convolve the samples of each frame with the frame's kernel; borders are padded with zeros.

        x        ├─ hop ─┼─ hop ─┼─ hop ─┤
        kernels     k_0     k_1     k_2       a kernel of 3 at a border reads one sample beyond it

    Args:
        x: `(B, C, L * hop)`, any hop.
        kernels: `(B, C, D, K, L)`, K odd.
        biases: `(B, D, L)`.

    Returns:
        `(B, D, L * hop)`.
    """
    size, frames = kernels.shape[-2:]
    hop = x.shape[-1] // frames
    reach = size // 2
    # frames are the batch of matrix products, one for each place in the kernel
    padded = pad(x, (reach, reach)).mT.contiguous()
    made = biases.mT.flatten(0, 1)[:, None]
    for place, kernel in enumerate(kernels.permute(3, 0, 4, 1, 2).flatten(1, 2)):
        shifted = padded[:, place : place + x.shape[-1]].unfold(1, hop, hop).mT
        made = torch.baddbmm(made, shifted.flatten(0, 1), kernel)
    return made.reshape(x.shape[0], frames * hop, kernels.shape[2]).mT


class KernelPredictor(nn.Module):
    """Predicts the kernels and biases of several location-variable convolutions from a spectrogram.

    Args:
        n_mels: bands of the spectrogram.
        channels: C, channels of the convolved signal; the convolutions have 2 C outputs.
        kernel_size: K, of each convolution.
        layers: N, the number of convolutions.
        hidden: hidden channels.
        blocks: number of residual blocks.
        conv_size: kernel of all its convolutions except the first, frames; odd.
        dropout: probability, before each residual block.
        slope: of the leaky ReLUs.
    """

    def __init__(
        self,
        n_mels: int,
        channels: int,
        kernel_size: int,
        layers: int,
        *,
        hidden: int = 64,
        blocks: int = 3,
        conv_size: int = 3,
        dropout: float = 0.0,
        slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.kernel_shape = (layers, channels, 2 * channels, kernel_size)
        self.bias_shape = (layers, 2 * channels)
        self.input_conv = conv1d(n_mels, hidden, 5)
        self.resblocks = nn.ModuleList(
            _PredictorBlock(hidden, conv_size, dropout, slope) for _ in range(blocks)
        )
        kernels = 2 * layers * channels * channels * kernel_size
        self.kernel_conv = conv1d(hidden, kernels, conv_size)
        self.bias_conv = conv1d(hidden, 2 * layers * channels, conv_size)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Shape: `(B, n_mels, L)` to kernels `(B, N, C, 2 C, K, L)` and biases `(B, N, 2 C, L)`."""
        x = leaky_relu(self.input_conv(mel), self.slope)
        for block in self.resblocks:
            x = block(x)
        batch, _, frames = x.shape
        kernels = self.kernel_conv(x).reshape(batch, *self.kernel_shape, frames)
        biases = self.bias_conv(x).reshape(batch, *self.bias_shape, frames)
        return kernels, biases


class _PredictorBlock(nn.Module):
    def __init__(self, channels: int, kernel_size: int, dropout: float, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.dropout = nn.Dropout(dropout)
        self.conv1 = conv1d(channels, channels, kernel_size)
        self.conv2 = conv1d(channels, channels, kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        step = leaky_relu(self.conv1(self.dropout(x)), self.slope)
        return x + leaky_relu(self.conv2(step), self.slope)


class LocationVariableBlock(nn.Module):
    """UnivNet's stage: upsampling, then dilated and location-variable convolutions, gated.

        x ─ LeakyReLU ─ upsample ─┬─ [LeakyReLU, conv, LeakyReLU, LVC, gate] ─ + ─ ... for each
                                  └────────────────────────────────────────────┘   dilation

    Args:
        channels: of input and output, C.
        rate: output samples per input sample, at least 2.
        kernel_size: of the dilated and the location-variable convolutions; odd.
        dilations: one pair of these convolutions for each.
        predictor: predicts the kernels, for `channels`, `kernel_size` and as many layers.
        slope: of the leaky ReLUs.
    """

    def __init__(
        self,
        channels: int,
        rate: int,
        kernel_size: int,
        dilations: Sequence[int],
        predictor: KernelPredictor,
        slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.convt_pre = upsample1d(channels, channels, 2 * rate, rate)
        self.kernel_predictor = predictor
        self.resblocks = nn.ModuleList(
            _Layer(channels, kernel_size, dilation, slope) for dilation in dilations
        )

    def forward(self, x: Tensor, mel: Tensor) -> Tensor:
        """Shape: x `(B, C, T)` and mel `(B, n_mels, L)` to `(B, C, T * rate)`; L divides T."""
        x = self.convt_pre(leaky_relu(x, self.slope))
        kernels, biases = self.kernel_predictor(mel)
        for layer, kernel, bias in zip(
            self.resblocks, kernels.unbind(1), biases.unbind(1), strict=True
        ):
            x = layer(x, kernel, bias)
        return x


class _Layer(nn.Module):
    def __init__(self, channels: int, kernel_size: int, dilation: int, slope: float) -> None:
        super().__init__()
        self.activation = activation_function("leaky_relu", slope)
        self.conv = conv1d(channels, channels, kernel_size, dilation=dilation)

    def forward(self, x: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
        step = activated(self.conv, self.activation, self.activation(x))
        gate, signal = location_variable_convolution(step, kernels, biases).chunk(2, dim=1)
        return x + torch.sigmoid(gate) * torch.tanh(signal)
