"""Short-time Fourier transform: shared padding rules, at least float32, finite gradients."""

import torch
from torch import Tensor
from torch.nn import functional

from wavegan.audio.framing import Padding, PadMode, frame_count
from wavegan.errors import UserError
from wavegan.own_settings import own_settings

DENORMAL = 1e-30
"""Magnitudes below this are far below every floor, and close to float32's denormal numbers."""


def stft(
    wave: Tensor,
    n_fft: int,
    hop_length: int,
    window: Tensor,
    *,
    padding: Padding = "center",
    pad_mode: PadMode = "reflect",
) -> Tensor:
    """Complex spectrum of each frame, one-sided, unnormalised.

    Args:
        wave: (..., T). Half precision becomes float32, even inside autocast; float64 is kept.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        window: (W,), W <= n_fft; centred in the transform.
        padding: "center" pads n_fft / 2 on each side and gives 1 + floor(T / hop) frames; "same"
            pads n_fft - hop in total (an odd sum puts the extra sample at the end) and gives
            floor(T / hop) frames, at least one; "none" does not pad.
        pad_mode: "reflect" or "zero". A wave too short to reflect, or for one frame, is extended
            with zeros first; the number of frames follows from its original length.

    Returns:
        (..., n_fft / 2 + 1, L), complex.

    Raises:
        UserError: the wave is empty, or, with "none", shorter than a transform.
    """
    samples = wave.shape[-1]
    if samples < (n_fft if padding == "none" else 1):
        least = n_fft if padding == "none" else 1
        raise UserError(
            f"the wave has {samples} samples, but padding {padding!r} needs at least {least}: give "
            "a longer wave"
        )
    flat = _floating(wave).reshape(-1, samples)
    with torch.autocast(wave.device.type, enabled=False):
        if padding != "none":
            flat = framed(flat, n_fft, hop_length, padding, pad_mode)
        spectrum = torch.stft(
            flat,
            n_fft,
            hop_length,
            window.shape[0],
            window.to(flat),
            center=False,
            return_complex=True,
        )
    if padding != "none":
        spectrum = spectrum[..., : frame_count(samples, hop_length, padding)]
    return spectrum.reshape(*wave.shape[:-1], *spectrum.shape[-2:])


@own_settings()
def magnitude(
    wave: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int | None = None,
    *,
    power: int = 1,
    eps: float = 0.0,
    floor: float = 0.0,
    padding: Padding = "center",
    pad_mode: PadMode = "reflect",
    window: Tensor | None = None,
) -> Tensor:
    """Magnitudes sqrt(max(re^2 + im^2, floor) + eps), or their squares with `power` 2.

    The gradient is finite everywhere: without `eps` and `floor` it is 0 at a silent bin.

    Args:
        wave: (..., T), see `stft`.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        win_length: length of the periodic Hann window, samples; None: `n_fft`. Not used with
            `window`.
        power: 1 for magnitudes, 2 for powers.
        eps: added to the power.
        floor: smallest power, before `eps`.
        padding: see `stft`.
        pad_mode: see `stft`.
        window: (W,), used instead of the Hann window.

    Returns:
        (..., n_fft / 2 + 1, L), float32 (float64 for a float64 wave).
    """
    if window is None:
        window = torch.hann_window(win_length or n_fft, device=wave.device)
    spectrum = stft(wave, n_fft, hop_length, window, padding=padding, pad_mode=pad_mode)
    if power == 1 and eps == 0 and floor == 0:
        # The gradient of sqrt is infinite at 0; that of abs is 0 there.
        return _without_denormals(spectrum).abs()
    parts = torch.view_as_real(spectrum)
    energy = parts[..., 0].square() + parts[..., 1].square()
    if floor > 0:
        energy = energy.clamp(min=floor)
    energy = energy + eps if eps > 0 else energy
    return energy.sqrt() if power == 1 else energy


def _without_denormals(spectrum: Tensor) -> Tensor:
    """Set tiny numbers to 0: the gradient of abs divides by them and would be NaN."""
    if not spectrum.requires_grad:
        return spectrum
    return spectrum.masked_fill(spectrum.detach().abs() < DENORMAL, 0)


def _floating(wave: Tensor) -> Tensor:
    return wave if wave.dtype == torch.float64 else wave.float()


def framed(wave: Tensor, n_fft: int, hop_length: int, padding: Padding, mode: PadMode) -> Tensor:
    """Pad (B, T) as `stft` does: frame i of the result begins at i * hop."""
    left, right = margins(n_fft, hop_length, padding)
    least = hop_length if mode == "zero" else max(hop_length, right + 1)
    wave = functional.pad(wave, (0, max(0, least - wave.shape[-1])))
    if mode == "zero":
        return functional.pad(wave, (left, right))
    return functional.pad(wave[:, None], (left, right), mode="reflect")[:, 0]


def margins(n_fft: int, hop_length: int, padding: Padding) -> tuple[int, int]:
    """Number of padding samples before and after a wave."""
    total = n_fft if padding == "center" else n_fft - hop_length
    return total // 2, total - total // 2
