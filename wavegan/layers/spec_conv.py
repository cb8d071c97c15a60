"""Convolutions over (frequency, time) with stride 2 that halve or double both exactly.

Padding is TensorFlow's "SAME", which puts the odd cell at the end: with a kernel of 5, a cell of
the small map covers 1 cell before and 3 after the first of its own two. SpecGAN (Donahue,
McAuley and Puckette 2019, arXiv 1802.04208; github.com/chrisdonahue/wavegan, MIT) uses these;
weights start as there, with Glorot's uniform initialisation and zero bias.
"""

from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad

from wavegan.errors import UserError
from wavegan.layers.wave_same import margins, wrapped

STRIDE = 2


class HalvingConv2d(nn.Conv2d):
    """Shape: `(B, in_channels, F, L)` to `(B, out_channels, F / 2, L / 2)`; F and L even.

    Args:
        in_channels: of the large map.
        out_channels: of the small map.
        kernel_size: cells of both axes, at least 2.

    Raises:
        UserError: the kernel is smaller.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 5) -> None:
        self.margins = _margins(kernel_size)
        super().__init__(in_channels, out_channels, kernel_size, STRIDE)

    def reset_parameters(self) -> None:
        """Start as TensorFlow's layers do."""
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, with zeros beyond the borders."""
        return conv2d(pad(x, self.margins * 2), self.weight, self.bias, STRIDE)


class DoublingConv2d(nn.ConvTranspose2d):
    """The transpose: `(B, in_channels, F, L)` to `(B, out_channels, 2 F, 2 L)`.

    Args:
        in_channels: of the small map.
        out_channels: of the large map.
        kernel_size: cells of both axes, at least 2.

    Raises:
        UserError: the kernel is smaller.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 5) -> None:
        self.before, _ = _margins(kernel_size)
        self.reach = -(-kernel_size // STRIDE)
        super().__init__(in_channels, out_channels, kernel_size, STRIDE)

    def reset_parameters(self) -> None:
        """Start as TensorFlow's layers do."""
        _start(self)

    def forward(self, x: Tensor, wrap: bool = False) -> Tensor:  # type: ignore[override]
        """Convolve; `wrap`: time wraps around, else it is padded with zeros, like frequency."""
        bins, frames = x.shape[-2:]
        around = self.reach if wrap else 0
        doubled = conv_transpose2d(
            wrapped(x, around, around) if wrap else x,
            self.weight,
            self.bias,
            STRIDE,
            padding=self.before,
        )
        return doubled[..., : STRIDE * bins, :].narrow(-1, STRIDE * around, STRIDE * frames)


def map_size(segment: int, n_fft: int, hop_length: int, stages: int) -> tuple[int, int]:
    """Size (bins, positions) of a spectrogram after `stages` halvings.

    Args:
        segment: samples of a clip.
        n_fft: `spec_n_fft`; the spectrogram has half as many bins.
        hop_length: `spec_hop_length`, samples.
        stages: halvings.

    Raises:
        UserError: a number cannot be halved so often, or is not positive; names the nearest one.
    """
    if min(hop_length, stages) < 1:
        raise UserError(f"spec_hop_length {hop_length} and stages {stages} must be at least 1")
    for name, value, unit, of in (
        ("spec_n_fft", n_fft, 2 * STRIDE**stages, f"2 * 2 ** stages {stages}"),
        ("segment", segment, hop_length * STRIDE**stages,
         f"spec_hop_length {hop_length} * 2 ** stages {stages}"),
    ):  # fmt: skip
        if value < 1 or value % unit:
            nearest = max(1, round(value / unit)) * unit
            raise UserError(f"{name} {value} must be a multiple of {unit} ({of}): use {nearest}")
    return n_fft // (2 * STRIDE**stages), segment // (hop_length * STRIDE**stages)


def _start(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _margins(kernel_size: int) -> tuple[int, int]:
    if kernel_size < STRIDE:
        raise UserError(f"kernel_size {kernel_size} must be at least the stride, {STRIDE}: use 5")
    return margins(kernel_size, STRIDE)
