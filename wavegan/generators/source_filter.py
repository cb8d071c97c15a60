"""A source-filter generator: pulses and noise, each filtered by a network frame by frame.

Sources: Engel et al. 2020, "DDSP: Differentiable Digital Signal Processing" (arXiv 2001.04643) and
Liu, Chen and Yu 2020, "Neural Homomorphic Vocoder" (Interspeech): sounds have a pitch from the
first step on, and the network only predicts its frequency and timbre. There the pitch is given;
here it depends on the latent, and is learned from a discriminator. Filters act on STFT frames, as
in the filtered noise of DDSP. Walks and loops are ours.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.errors import UserError
from wavegan.generators._source_filter.excitation import band_shapes, pulses
from wavegan.generators._source_filter.filtered_sources import filtered
from wavegan.generators._source_filter.note_names import frequencies
from wavegan.generators._source_filter.voices import Voices
from wavegan.generators.base import LatentGenerator
from wavegan.layers.conditioning import check_labels
from wavegan.layers.equalized import EqualConv1d, EqualLinear, interleaved
from wavegan.layers.log_spectrogram import LogSpectrogram
from wavegan.layers.walk import as_walk, overlap

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
FLOOR = 1e-2
"""Smallest magnitude that matters, for full-scale clips."""
NOISE_START = -3.0
"""Initial noise level, in deviations from the data's mean; louder noise would mask the pitch."""


class SourceFilter(LatentGenerator):
    """Turns latents, standard normal, into clips `(B, channels, segment)` in about [-1, 1].

        latent, label ─ dense ─ map ─ up ─┬─ up ─ up … ─┬─ voices' filters ─┐
                                        pitch ─ pulses ─┼──────────────── · ─ + ─ clip
                                                noise ──┴─ filter ─────── · ─┘

    Filters are levels in bands, in units of the data's standard deviation from its mean; `fit`
    measures both on real clips.

    Args:
        sample_rate: Hz.
        segment: samples of a clip, a multiple of `spec_hop_length * 2 ** stages`.
        channels: audio channels; they share the pulses, and have separate filters and noise.
        n_labels: K, number of labels.
        labels: their names.
        latent_dim: D.
        label_dim: length of a label's embedding, which is appended to the latent.
        dim: channels of the convolutions.
        dense_dim: width of the dense layer before the map.
        stages: number of stages; each doubles the map. The pitch is predicted after the first.
        kernel_size: kernel of the convolutions that keep the rate; odd.
        spec_n_fft: FFT size of the filters, samples; even.
        spec_hop_length: hop of the spectrogram, samples; at most half of spec_n_fft.
        bands: bands of each filter.
        voices: number of simultaneous pitches; 0: only noise.
        pitch_from: "latent": the network predicts pitches; "labels": each label is a note, by its
            MIDI number (60) or name (C4), and voices stay within a tenth of a semitone of it.
        pitch_min: lowest pitch for "latent", Hz.
        pitch_max: highest pitch for "latent", Hz; below half the sample rate.
        overtones: maximum number of partials, with the fundamental: 1 gives sines; None: all.
        circular: convolutions, frames and pulses always wrap, so every clip is a loop.

    Raises:
        UserError: options contradict each other; the message has the nearest values.
    """

    shapes: Tensor

    def __init__(
        self,
        *,
        sample_rate: int,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        labels: Sequence[str] = (),
        latent_dim: int = 64,
        label_dim: int = 64,
        dim: int = 192,
        dense_dim: int = 256,
        stages: int = 3,
        kernel_size: int = 5,
        spec_n_fft: int = 256,
        spec_hop_length: int = 64,
        bands: int = 32,
        voices: int = 1,
        pitch_from: Literal["latent", "labels"] = "latent",
        pitch_min: float = 60.0,
        pitch_max: float = 400.0,
        overtones: int | None = None,
        circular: bool = False,
    ) -> None:
        super().__init__()
        _check_sizes(
            kernel_size, channels=channels, latent_dim=latent_dim, label_dim=label_dim, dim=dim,
            dense_dim=dense_dim, stages=stages, spec_hop_length=spec_hop_length,
        )  # fmt: skip
        _check_sound(sample_rate, bands, voices, pitch_min, pitch_max, n_labels, overtones)
        self.positions = _positions(segment, spec_hop_length, stages)
        self.segment, self.hop_length = segment, segment // self.positions
        self.sample_rate, self.channels, self.voices = sample_rate, channels, voices
        self.latent_dim, self.n_labels, self.circular = latent_dim, n_labels, circular
        self.overtones = overtones
        self.spectrogram = LogSpectrogram(spec_n_fft, spec_hop_length, floor=FLOOR)
        # an export exchanges it for convolutions
        self.filtered: Callable[..., Tensor] = filtered
        shapes = band_shapes(bands, spec_n_fft // 2 + 1, sample_rate)
        self.register_buffer("shapes", shapes, persistent=False)
        self.embedding = nn.Embedding(n_labels, label_dim) if n_labels else None
        inputs = latent_dim + (label_dim if n_labels else 0)
        self.dense = nn.ModuleList(
            EqualLinear(above, below, gain=GAIN, equalized=False)
            for above, below in ((inputs, dense_dim), (dense_dim, dim * self.positions))
        )
        self.first = _conv(dim, dim, 3, GAIN)
        self.ups = nn.ModuleList(_conv(dim, 2 * dim, 3, GAIN) for _ in range(stages))
        self.blocks = nn.ModuleList(_conv(dim, dim, kernel_size, GAIN) for _ in range(stages))
        notes = frequencies(labels, "pitch_from") if pitch_from == "labels" else []
        _check_notes(notes, sample_rate)
        self.pitch = Voices(dim, voices, pitch_min, pitch_max, notes) if voices else None
        self.filters = _conv(dim, (voices + 1) * channels * bands, 1, 0.5)
        assert self.filters.bias is not None
        with torch.no_grad():
            self.filters.bias[-channels * bands :] = NOISE_START if voices else 0.0

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        """Make clips `(B, channels, positions * hop_length)`; see `LatentGenerator.forward`.

        Truncation scales latents, which have a mean square of 1. Peaks may exceed full scale.

        Raises:
            UserError: latent, label, noise or positions do not fit the network.
        """
        walk = as_walk(latent, self.latent_dim)
        label = check_labels(label, self.n_labels, walk.shape[0])
        wrap = loop or self.circular
        # the pitch needs more precision than bfloat16 has
        with torch.autocast(walk.device.type, enabled=False):
            x = self._map(walk.float(), label, truncation, positions, loop)
            x = x + _active(self.first(x, wrap))
            x = self._stage(0, x, wrap)
            curves = None if self.pitch is None else self.pitch.curves(x, wrap)
        for stage in range(1, len(self.ups)):
            x = self._stage(stage, x, wrap)
        levels = self.filters(x, wrap).float()
        with torch.autocast(walk.device.type, enabled=False):
            positions = levels.shape[-1] * self.spectrogram.hop_length // self.hop_length
            sound = self.noises(noise, walk.shape[0], positions, levels.device)[0].float()
            voices = None
            if self.pitch is not None and curves is not None:
                hertz = self.pitch.hertz(curves, sound.shape[-1], wrap, label)
                voices = pulses(hertz, self.sample_rate, overtones=self.overtones, loop=wrap)
            sizes = (levels.shape[0], self.voices + 1, self.channels, self.shapes.shape[1], -1)
            front = self.spectrogram
            return self.filtered(
                levels.reshape(sizes), self.shapes, voices, sound, front, wrap=wrap
            )

    def noise_shapes(self, positions: int | None = None) -> list[tuple[int, ...]]:
        """`(channels, T)`, the white noise to filter."""
        return [(self.channels, (positions or self.positions) * self.hop_length)]

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Measure each bin's mean and deviation on real crops `(B, C, T)`."""
        self.spectrogram.fit(crops)

    def _map(
        self, walk: Tensor, label: Tensor | None, truncation: float, positions: int | None,
        loop: bool,
    ) -> Tensor:  # fmt: skip
        """`(B, W, D)` to the map `(B, dim, positions)`."""
        x = walk * (walk.square().mean(-1, keepdim=True) + 1e-8).rsqrt() * truncation
        if self.embedding is not None:
            vector = self.embedding(label).unsqueeze(1).expand(-1, x.shape[1], -1)
            x = torch.cat([x, vector], -1)
        for dense in self.dense:
            x = _active(dense(x))
        maps = x.reshape(*x.shape[:2], -1, self.positions)
        alone = maps.shape[1] == 1 and positions in (None, self.positions)
        if alone and (self.circular or not loop):
            return maps[:, 0]
        return overlap(maps, positions, loop=loop)

    def _stage(self, stage: int, x: Tensor, wrap: bool) -> Tensor:
        x = _active(interleaved(self.ups[stage](x, wrap), 2))
        return x + _active(self.blocks[stage](x, wrap))


def _conv(above: int, below: int, kernel_size: int, gain: float) -> EqualConv1d:
    return EqualConv1d(above, below, kernel_size, gain=gain, equalized=False)


def _active(x: Tensor) -> Tensor:
    return leaky_relu(x, SLOPE)


def _positions(segment: int, hop_length: int, stages: int) -> int:
    unit: int = hop_length * 2**stages
    if segment < unit or segment % unit:
        nearest = max(1, round(segment / unit)) * unit
        raise UserError(
            f"segment {segment} must be a multiple of {unit} (spec_hop_length {hop_length} * 2 ** "
            f"stages {stages}): use {nearest}"
        )
    return segment // unit


def _check_sizes(kernel_size: int, **sizes: int) -> None:
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise UserError(f"kernel_size {kernel_size} must be odd: use {max(kernel_size + 1, 1)}")
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"{name} {size} must be at least 1")


def _check_sound(
    sample_rate: int, bands: int, voices: int, pitch_min: float, pitch_max: float, n_labels: int,
    overtones: int | None,
) -> None:  # fmt: skip
    if overtones is not None and overtones < 1:
        raise UserError(f"overtones {overtones} must be at least 1, or null for all")
    if bands < 2 or min(voices, n_labels) < 0:
        raise UserError(
            f"bands {bands} must be at least 2, voices {voices} and n_labels {n_labels} at least 0"
        )
    if not 0 < pitch_min < pitch_max < sample_rate / 2:
        raise UserError(
            f"pitch_min {pitch_min:g} and pitch_max {pitch_max:g} Hz must be above 0, in this order"
            f" and below {sample_rate / 2:g}, half the sample rate"
        )


def _check_notes(notes: Sequence[float], sample_rate: int) -> None:
    if notes and max(notes) >= sample_rate / 2:
        raise UserError(
            f"pitch_from is labels, and the highest of them is {max(notes):.0f} Hz: it must be "
            f"below {sample_rate / 2:g} Hz, half the sample rate {sample_rate}"
        )
