"""Avocodo's sub-band discriminator: convolutions of many dilations over sub-bands of audio.

Source: Bak et al. 2022, "Avocodo: Generative Adversarial Network for Artifact-Free Vocoder" (arXiv
2206.13404; github.com/ncsoft/avocodo, BSD), whose module names these are.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.audio.pqmf import PQMF
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conv import Norm, normalized, same_padding

SLOPE = 0.2
Filters = tuple[int, int, float, float]


class SubBand(Discriminator):
    """Scores groups of sub-bands of audio `(B, C, T)`, and all sub-bands with time as channels.

        audio ─┬─ PQMF of 16 bands ─┬─ the lowest 6  ─ D with the widest receptive field
               │                    ├─ the lowest 11 ─ D
               │                    └─ all           ─ D with the narrowest receptive field
               └─ PQMF of 64 bands ─── all, time and frequency exchanged ─ D

    Per sub-discriminator (D) the logits are `(B, 1, N)`; the feature maps are the activation of
    each layer, `(B, width, N')`, without the logits, as published.

    Args:
        channels: audio channels, C.
        filters: bands, taps, cutoff ratio and beta of the first PQMF.
        bands: number of its bands, from the lowest, for each of the first sub-discriminators.
        kernel_sizes: kernel of each of these; odd.
        dilations: dilations of each of these; each layer adds up one convolution per dilation.
        layer_channels: width of each of their layers.
        strides: stride of each layer, also of the last sub-discriminator.
        segment: T for the last sub-discriminator; None leaves it out.
        segment_filters: filters of its PQMF.
        segment_kernel_size: its kernel; odd.
        segment_dilations: dilations of each of its layers.
        segment_channels: width of each of its layers.
        spectral_norm: use spectral norm instead of weight norm.

    Raises:
        UserError: options contradict each other, or the audio has another length than `segment`.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        filters: Filters = (16, 256, 0.03, 10.0),
        bands: Sequence[int] = (6, 11, 16),
        kernel_sizes: Sequence[int] = (7, 5, 3),
        dilations: Sequence[Sequence[int]] = ((5, 7, 11), (3, 5, 7), (1, 2, 3)),
        layer_channels: Sequence[int] = (64, 128, 256, 256, 256),
        strides: Sequence[int] = (1, 1, 3, 3, 1),
        segment: int | None = 8192,
        segment_filters: Filters = (64, 256, 0.1, 9.0),
        segment_kernel_size: int = 5,
        segment_dilations: Sequence[Sequence[int]] = (*((1, 2, 3),) * 3, (2, 3, 5), (2, 3, 5)),
        segment_channels: Sequence[int] = (32, 64, 128, 128, 128),
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        _check_bands(channels, filters[0], bands, kernel_sizes, dilations)
        _check_layers("layer_channels", layer_channels, strides)
        norm: Norm = "spectral" if spectral_norm else "weight"
        self.bands, self.segment = list(bands), segment
        self.pqmf = PQMF(*filters)
        self.discriminators = nn.ModuleList(
            _Part(channels * count, layer_channels, kernel, [each] * len(strides), strides, norm)
            for count, kernel, each in zip(bands, kernel_sizes, dilations, strict=True)
        )
        if segment is None:
            return
        _check_segment(segment, segment_filters[0], segment_kernel_size, segment_dilations, strides)
        _check_layers("segment_channels", segment_channels, strides)
        self.f_pqmf = PQMF(*segment_filters)
        planes = channels * (segment // segment_filters[0])
        self.discriminators.append(
            _Part(planes, segment_channels, segment_kernel_size, segment_dilations, strides, norm)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per sub-discriminator."""
        split = _analysed(self.pqmf, audio)
        seen = [split[:, :, :count] for count in self.bands]
        if self.segment is not None:
            if audio.shape[-1] != self.segment:
                raise UserError(
                    f"the audio has {audio.shape[-1]} samples, but segment of the discriminator "
                    f"subband is {self.segment}: set it to data.segment, or to null"
                )
            seen.append(_analysed(self.f_pqmf, audio).transpose(2, 3))
        return [
            discriminator(x.flatten(1, 2))
            for discriminator, x in zip(self.discriminators, seen, strict=True)
        ]


class _Part(nn.Module):
    def __init__(
        self,
        planes: int,
        widths: Sequence[int],
        kernel: int,
        dilations: Sequence[Sequence[int]],
        strides: Sequence[int],
        norm: Norm,
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            _ManyDilations(before, width, kernel, each, stride, norm)
            for before, width, each, stride in zip(
                [planes, *widths[:-1]], widths, dilations, strides, strict=True
            )
        )
        self.post_conv = normalized(nn.Conv1d(widths[-1], 1, 3, padding=1), norm)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        feature_maps = []
        for conv in self.convs:
            x = conv(x)
            feature_maps.append(x)
        return DiscriminatorOutput(self.post_conv(x), feature_maps)


class _ManyDilations(nn.Module):
    """The sum of parallel dilated convolutions, then one with the stride."""

    def __init__(
        self,
        before: int,
        width: int,
        kernel: int,
        dilations: Sequence[int],
        stride: int,
        norm: Norm,
    ) -> None:
        super().__init__()
        paddings = [same_padding(kernel, dilation) for dilation in dilations]
        self.d_convs = nn.ModuleList(
            normalized(nn.Conv1d(before, width, kernel, padding=pad, dilation=dilation), norm)
            for dilation, pad in zip(dilations, paddings, strict=True)
        )
        # The original pads this kernel of 3 as much as the widest one, so the output grows.
        self.post_conv = normalized(nn.Conv1d(width, width, 3, stride, paddings[-1]), norm)

    def forward(self, x: Tensor) -> Tensor:
        total = torch.stack([leaky_relu(conv(x), SLOPE) for conv in self.d_convs]).sum(0)
        return leaky_relu(self.post_conv(total), SLOPE)


def _analysed(pqmf: PQMF, audio: Tensor) -> Tensor:
    """`(B, C, T)` to `(B, C, bands, T / bands)`."""
    split = pqmf.analysis(audio)
    return split.reshape(len(audio), audio.shape[1], -1, split.shape[-1])


def _check_bands(
    channels: int,
    most: int,
    bands: Sequence[int],
    kernels: Sequence[int],
    dilations: Sequence[Sequence[int]],
) -> None:
    if channels < 1:
        raise UserError(f"channels {channels} must be at least 1")
    if not bands or not all(1 <= count <= most for count in bands):
        raise UserError(
            f"bands {list(bands)} must be one or more numbers of the {most} bands of filters, such "
            f"as {[min(max(count, 1), most) for count in bands] or [most]}"
        )
    if not len(bands) == len(kernels) == len(dilations) or not all(
        kernel > 0 and kernel % 2 and each and min(each) > 0
        for kernel, each in zip(kernels, dilations, strict=True)
    ):
        raise UserError(
            f"kernel_sizes {list(kernels)} and dilations {[list(each) for each in dilations]} must "
            f"have an odd kernel and a list of dilations for each of bands {list(bands)}"
        )


def _check_layers(name: str, widths: Sequence[int], strides: Sequence[int]) -> None:
    if not widths or len(widths) != len(strides) or min(*widths, *strides) < 1:
        raise UserError(
            f"{name} {list(widths)} and strides {list(strides)} must be of one length, each number "
            "at least 1"
        )


def _check_segment(
    segment: int,
    bands: int,
    kernel: int,
    dilations: Sequence[Sequence[int]],
    strides: Sequence[int],
) -> None:
    if segment < bands or segment % bands:
        nearest = max(round(segment / bands), 1) * bands
        raise UserError(
            f"segment {segment} must be a multiple of the {bands} bands of segment_filters: use "
            f"{nearest}"
        )
    if kernel < 1 or kernel % 2 == 0 or len(dilations) != len(strides) or not all(dilations):
        raise UserError(
            f"segment_kernel_size {kernel} must be odd, and segment_dilations "
            f"{[list(each) for each in dilations]} have a list for each of strides {list(strides)}"
        )
