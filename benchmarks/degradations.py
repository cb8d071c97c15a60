"""Tabulate each metric over known degradations, each kind in three steps of rising strength.

    python benchmarks/degradations.py examples/speech --json degradations.json

Clips are read at 22.05 kHz, peak-normalised to 0.95. Mild to strong:

- noise: rounding to 10, 8 and 6 bits with triangular dither, which makes it white noise
- low-pass: nothing above 8, 4 and 2 kHz
- delay: 5, 20 and 50 ms, zeros in front
- pitch: up by 1, 3 and 6 %, formants too, at the same duration (resampled, then WSOLA)
- clicks: single samples; 2 a second of height 0.3, 20 a second of 0.3, 20 a second of 0.9
- Griffin-Lim: from the mel of `hifigan-22k` by 60, 8 and 2 iterations
"""

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from wavegan import plugins
from wavegan.audio import io
from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.evaluation.baselines import GriffinLim
from wavegan.mel.front_end import Mel
from wavegan.metrics.base import Metric

RATE = 22050
PEAK = 0.95
SEED = 0
CORE = (
    *("log_mel_l1", "mrstft", "lsd", "mcd", "mcd_dtw", "pesq_wb", "pesq_nb", "stoi"),
    *("f0_rmse", "f0_corr", "vuv_f1", "periodicity_rmse", "loudness"),
)

Harm = Callable[[Tensor], Tensor]
Figures = dict[str, dict[str, list[float]]]
"""By metric and kind of degradation: the mean of untouched clips, and of each step."""


def noise(clip: Tensor, bits: int) -> Tensor:
    """Round to steps of 2^(1 - bits), with triangular dither."""
    steps = 2.0 ** (bits - 1)
    drawn = torch.rand(2, *clip.shape, generator=torch.Generator().manual_seed(SEED))
    return (clip * steps + drawn[0] - drawn[1]).round() / steps


def low_pass(clip: Tensor, cutoff: float) -> Tensor:
    """Remove everything above `cutoff` Hz, with a half-cosine slope of 200 Hz below it."""
    spectrum = torch.fft.rfft(clip.double())
    hertz = torch.linspace(0, RATE / 2, spectrum.shape[-1], dtype=torch.float64)
    slope = ((cutoff - hertz) / 200).clamp(0, 1)
    return torch.fft.irfft(spectrum * torch.sin(slope * torch.pi / 2), clip.shape[-1]).float()


def delay(clip: Tensor, milliseconds: float) -> Tensor:
    """Delay the clip without changing its length."""
    samples = round(RATE * milliseconds / 1000)
    return torch.nn.functional.pad(clip, (samples, 0))[..., : clip.shape[-1]]


def pitch(clip: Tensor, percent: float) -> Tensor:
    """Play faster, and stretch back to the same length: F0 and formants move by `percent`."""
    faster = resample_array(clip.numpy(), round(1000 + 10 * percent), 1000)[0]
    return torch.from_numpy(stretch(faster, clip.shape[-1]))[None]


def stretch(wave: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Change only the duration: WSOLA (Verhelst and Roelands 1993), segments of 23 ms.

    Each segment is taken from up to 6 ms around its place, where it best continues the last one.
    """
    half, reach = 256, 128
    padded = np.pad(wave, (reach, samples + 4 * half))
    window = np.hanning(2 * half + 1)[:-1]
    out = np.zeros(samples + 2 * half)
    wanted = padded[reach : reach + 2 * half]
    for start in range(0, samples, half):
        # padded begins `reach` early, so the search runs from -reach to reach about the place
        first = start * len(wave) // samples
        around = padded[first : first + 2 * (half + reach)].astype(float)
        energy = np.convolve(np.square(around), np.ones(2 * half), "valid")
        likeness = np.correlate(around, wanted, "valid") / np.sqrt(energy + 1e-9)
        taken = first + int(likeness.argmax())
        out[start : start + 2 * half] += window * padded[taken : taken + 2 * half]
        wanted = padded[taken + half : taken + 3 * half]
    # the first half segment fades in
    out[:half] += window[half:] * padded[reach : reach + half]
    return out[:samples].astype(np.float32)


def clicks(clip: Tensor, a_second: int, height: float) -> Tensor:
    """Add clicks to single samples; the few positions are among the many."""
    generator = torch.Generator().manual_seed(SEED)
    places = torch.randperm(clip.shape[-1], generator=generator)
    degraded = clip.clone()
    degraded[..., places[: round(a_second * clip.shape[-1] / RATE)]] += height
    return degraded


def from_mel(clip: Tensor, iterations: int) -> Tensor:
    """Vocode by the pseudo-inverse of the mel bank and fast Griffin-Lim from random phases."""
    return GriffinLim(Mel.preset("hifigan-22k"), iterations)(clip, RATE).audio


KINDS: Mapping[str, Mapping[str, Harm]] = {
    "noise": {f"{bits} bits": partial(noise, bits=bits) for bits in (10, 8, 6)},
    "low-pass": {f"{k} kHz": partial(low_pass, cutoff=1000.0 * k) for k in (8, 4, 2)},
    "delay": {f"{ms} ms": partial(delay, milliseconds=ms) for ms in (5, 20, 50)},
    "pitch": {f"{part} %": partial(pitch, percent=part) for part in (1, 3, 6)},
    "clicks": {
        "few": partial(clicks, a_second=2, height=0.3),
        "many": partial(clicks, a_second=20, height=0.3),
        "strong": partial(clicks, a_second=20, height=0.9),
    },
    "Griffin-Lim": {str(count): partial(from_mel, iterations=count) for count in (60, 8, 2)},
}


def read(folder: Path, count: int, seconds: float | None = None) -> list[Tensor]:
    """The first files of a folder by name, each `(1, T)`, cut to `seconds`."""
    files = sorted(file for file in folder.iterdir() if file.suffix in {".wav", ".flac", ".mp3"})
    if not files:
        raise UserError(f"{folder}: it has no .wav, .flac or .mp3 file")
    clips = [torch.from_numpy(io.read(file, sample_rate=RATE)[0]) for file in files[:count]]
    samples = None if seconds is None else round(seconds * RATE)
    return [PEAK * clip[:, :samples] / clip[:, :samples].abs().max() for clip in clips]


def measure(
    clips: Sequence[Tensor], names: Sequence[str] = CORE, console: Console | None = None
) -> Figures:
    """The mean of each metric over clips, for each degradation; the first is the untouched clip."""
    metrics: dict[str, Metric] = {name: plugins.find("metrics", name)() for name in names}
    untouched = {name: mean(metric, clips, clips) for name, metric in metrics.items()}
    figures: Figures = {name: {kind: [untouched[name]] for kind in KINDS} for name in names}
    degradations = [(kind, make) for kind, steps in KINDS.items() for make in steps.values()]
    shown = console or Console(quiet=True)
    for kind, make in track(degradations, "measuring", console=shown, transient=True):
        degraded = [make(clip) for clip in clips]
        for name, metric in metrics.items():
            figures[name][kind].append(mean(metric, degraded, clips))
    return figures


def mean(metric: Metric, estimates: Sequence[Tensor], references: Sequence[Tensor]) -> float:
    """The mean over clips for which the metric is defined."""
    values = [metric(e, r, RATE) for e, r in zip(estimates, references, strict=True)]
    kept = [value for value in values if math.isfinite(value)]
    return sum(kept) / len(kept) if kept else math.nan


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="clean speech")
    parser.add_argument("--count", type=int, default=5, help="how many files, from the first")
    parser.add_argument("--metric", action="append", help="may be repeated; the default is all "
                        "but the trained ones")  # fmt: skip
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    clips = read(options.folder, options.count)
    names = options.metric or CORE
    figures = measure(clips, names, Console(stderr=True))
    show(figures, len(clips))
    if options.json:
        steps = {kind: ["untouched", *steps] for kind, steps in KINDS.items()}
        report = {"clips": len(clips), "steps": steps, "means": figures}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def show(figures: Figures, count: int) -> None:
    """Print the means, with a row for each degradation and a column for each metric."""
    table = Table(title=f"means over {count} clips", box=None)
    table.add_column("degradation", no_wrap=True)
    for name in figures:
        table.add_column(plugins.find("metrics", name).label, justify="right")
    table.add_row("untouched", *(f"{next(iter(k.values()))[0]:.3g}" for k in figures.values()))
    for kind, steps in KINDS.items():
        for place, step in enumerate(steps, start=1):
            cells = (f"{means[kind][place]:.3g}" for means in figures.values())
            table.add_row(f"{kind}, {step}", *cells, end_section=place == len(steps))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
