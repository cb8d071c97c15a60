"""Align two clips: cut them at the end, shift one by their offset, or refuse them."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.silence import is_silent

Align = Literal["auto", "always", "never"]

REST = 0.05
"""Seconds by which lengths may differ without a search for the offset: framing and padding."""
CONVINCING = 0.6
"""Lowest correlation at an offset. A vocoder's copy reaches 0.93 or more, another sentence of the
same voice 0.3, the same sentence spoken again 0.4 (published samples of seven systems)."""
WITHIN = 0.8
"""Smallest share of the shorter clip that must overlap the longer one."""
NOTICED = 0.005
"""Seconds of lag from which it is reported."""
GRID, LONGEST = 0.001, 60_000
"""Frame period in seconds of the features that are correlated, and the largest number of frames."""
WINDOW, BANDS = 0.023, 16
SAME_WAVE = 0.5
"""Correlation of the waveforms from which the offset is refined to the sample."""
TIE = 1e-6
"""Correlations that differ by less are equal."""
PART = 5.0
"""Seconds in the middle of a clip in which the waveforms are compared."""


@dataclass(frozen=True)
class Aligned:
    """Two aligned clips.

    Attributes:
        estimate: `(C, T)`.
        reference: `(C, T)`; T differs from the estimate's only if the pair is `refused`.
        cut: samples of the longer clip that are not compared (of both, if one is shifted).
        shift: samples by which the estimate was late and was shifted; 0 if it was not shifted.
        lag: seconds by which it is still late, if that is certain; else 0.
        refused: why the clips cannot be compared in time, or "".
    """

    estimate: Tensor
    reference: Tensor
    cut: int = 0
    shift: int = 0
    lag: float = 0.0
    refused: str = ""


def align(estimate: Tensor, reference: Tensor, sample_rate: int, how: Align = "auto") -> Aligned:
    """Make two clips equally long.

    `auto`: lengths that differ by 50 ms at most are cut at the end to the shorter one. They are
    never shifted, so a delay counts against the system. If they differ by more, both are cut to
    their overlap at the offset where they agree best; without a clear offset they are refused.
    `always` searches the offset for all lengths, `never` cuts at the end for all lengths.

    Agreement is the correlation of the log energies of 16 bands, each without its mean, in frames
    of 23 ms every 1 ms. A vocoder's phases therefore do not matter. It has to be 0.6 or more, and
    80 % of the shorter clip has to overlap the longer one.

    Args:
        estimate: `(C, T)`.
        reference: `(C, T')`.
        sample_rate: Hz, of both.
        how: `auto`, `always` or `never`.
    """
    lengths = estimate.shape[1], reference.shape[1]
    rest = max(lengths) - min(lengths)
    offset, agreement = find_offset(estimate.mean(0), reference.mean(0), sample_rate)
    certain = agreement >= CONVINCING
    if how == "never" or (how == "auto" and rest <= REST * sample_rate):
        cut = _overlap(estimate, reference, 0)
        noticed = certain and abs(offset) >= NOTICED * sample_rate
        return replace(cut, lag=offset / sample_rate) if noticed else cut
    if certain:
        return _overlap(estimate, reference, offset)
    if rest <= REST * sample_rate:
        return _overlap(estimate, reference, 0)
    seconds = " and ".join(f"{length / sample_rate:.2f} s" for length in lengths)
    silent = [clip for clip in (estimate, reference) if is_silent(clip)]
    why = (
        f"{'both are' if len(silent) == 2 else 'one is'} silent, so no offset can be found"
        if silent
        else f"they agree at no offset (correlation {max(agreement, 0):.2f}, {CONVINCING} is "
        "needed)"
    )
    return Aligned(
        estimate,
        reference,
        refused=f"estimate and reference last {seconds}, and {why}: pair the estimate with its "
        "own reference, or use the metric mcd_dtw, which allows another timing",
    )


def _overlap(estimate: Tensor, reference: Tensor, offset: int) -> Aligned:
    """Cut both clips to their overlap, for an estimate that is `offset` samples late."""
    late, early = max(0, offset), max(0, -offset)
    samples = min(estimate.shape[1] - late, reference.shape[1] - early)
    return Aligned(
        estimate[:, late : late + samples],
        reference[:, early : early + samples],
        cut=max(estimate.shape[1], reference.shape[1]) - samples,
        shift=offset,
    )


def find_offset(estimate: Tensor, reference: Tensor, sample_rate: int) -> tuple[int, float]:
    """Find by how many samples an estimate is late, and how well the clips agree there (-1 to 1).

    Args:
        estimate: `(T,)`.
        reference: `(T',)`.
        sample_rate: Hz.

    Returns:
        0 and -1 if one of them is silent, as rounding errors would be compared.
    """
    if is_silent(estimate) or is_silent(reference):
        return 0, -1.0
    longest = max(len(estimate), len(reference))
    hop = max(1, round(GRID * sample_rate), -(-longest // LONGEST))
    coarse, agreement = _best_lag(
        _features(estimate, sample_rate, hop), _features(reference, sample_rate, hop), WITHIN
    )
    if agreement < CONVINCING:
        return coarse * hop, agreement
    return _refined(estimate, reference, coarse * hop, sample_rate, 2 * hop), agreement


def _features(wave: Tensor, sample_rate: int, hop: int) -> NDArray[np.float64]:
    """Log energies of bands of equal width, without their means: `(16, frames)`."""
    size = max(4 * BANDS, 2 ** round(math.log2(WINDOW * sample_rate)))
    spectrum = torch.stft(
        wave.float(),
        size,
        hop,
        window=torch.hann_window(size),
        pad_mode="constant",
        return_complex=True,
    )
    bands = spectrum[1:].abs().square().reshape(BANDS, -1, spectrum.shape[-1]).sum(1).double()
    levels = (bands + 1e-6 * bands.mean() + 1e-20).log()
    return (levels - levels.mean(1, keepdim=True)).numpy()


def _best_lag(
    late: NDArray[np.float64], early: NDArray[np.float64], within: float
) -> tuple[int, float]:
    """The lag of `(F, A)` behind `(F, B)` with the highest normalised correlation."""
    first, second = late.shape[1], early.shape[1]
    size = 1 << (first + second).bit_length()
    ones = (np.ones((1, first)), np.ones((1, second)))
    energy = _correlate(np.square(late).sum(0, keepdims=True), ones[1], size)
    energy = energy * _correlate(ones[0], np.square(early).sum(0, keepdims=True), size)
    overlap = _correlate(*ones, size)
    allowed = (overlap >= within * min(first, second)) & (energy > 1e-9 * energy.max())
    if not allowed.any():
        return 0, -1.0
    score = np.full(size, -1.0)
    together = _correlate(late, early, size)
    score[allowed] = together[allowed] / np.sqrt(energy[allowed])
    # Steady sound agrees with itself at many lags: rounding must not choose among them.
    best = 0 if score[0] >= score.max() - TIE else int(score.argmax())
    return (best if best < size // 2 else best - size), float(score[best])


def _correlate(
    late: NDArray[np.float64], early: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(late, size) * np.conj(np.fft.rfft(early, size))
    return np.fft.irfft(spectrum.sum(0), size)


def _refined(estimate: Tensor, reference: Tensor, offset: int, rate: int, reach: int) -> int:
    """Refine an offset to where the waveforms agree, if they do near it."""
    late, early = max(0, offset), max(0, -offset)
    samples = min(len(estimate) - late, len(reference) - early) - 2 * reach
    if samples < reach:
        return offset
    part = min(samples, round(PART * rate))
    skip = (samples - part) // 2
    wanted = reference[early + reach + skip :][:part].double()
    near = estimate[late + skip :][: part + 2 * reach].double()
    score = [_cosine(near[lag : lag + part], wanted) for lag in range(2 * reach + 1)]
    best = max(range(len(score)), key=score.__getitem__)
    best = reach if score[reach] >= score[best] - TIE else best
    return offset + best - reach if score[best] >= SAME_WAVE else offset


def _cosine(first: Tensor, second: Tensor) -> float:
    return float(first @ second / (first.norm() * second.norm()).clamp(min=1e-20))
