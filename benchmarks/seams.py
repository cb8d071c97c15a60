"""Measure seams in a model's long sounds and loops.

    python benchmarks/seams.py MODEL --count 16

A seam is a jump from sample to sample, or from spectrum to spectrum, that is larger than those
around it. Measures the joins of long sounds (where the windows of a walk begin and end), the point
where loops wrap, and as a control clips that are laid end to end. Each is compared with the 99th
percentile inside the same sound: the share of places above it (about 0.01 without a seam), and the
median and largest ratio to it. `--json FILE` also writes the figures.
"""

import argparse
import json
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from wavegan import Synthesizer
from wavegan.audio.stft import magnitude
from wavegan.inference.clip_length import clip_length

WINDOW, HOP = 256, 64
"""Window and hop of the short-time spectra, in samples."""

Figures = dict[str, dict[str, float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=16, help="clips, long sounds and loops")
    parser.add_argument("--times", type=float, default=4.0, help="length of sounds, in clips")
    parser.add_argument("--label", help="default: cycle through all labels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    synthesizer = Synthesizer.from_pretrained(options.model)
    rows = measure(synthesizer, options.count, options.times, options.label, options.seed)
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def measure(
    synthesizer: Synthesizer,
    count: int,
    times: float = 4.0,
    label: str | None = None,
    seed: int = 0,
) -> Figures:
    """Measure each kind of place: long sounds, loops of one clip, long loops, the control.

    Args:
        synthesizer: the model.
        count: sounds of each kind.
        times: length of long sounds, in clips.
        label: of all; None: all in turn.
        seed: of all.
    """
    size = synthesizer.generator.positions
    seconds = times * synthesizer.seconds
    clips = synthesizer.sample(count, label, seed=seed)
    long = synthesizer.sample(count, label, seed=seed, seconds=seconds)
    loops = synthesizer.sample(count, label, seed=seed, loop=True)
    whole = clip_length(synthesizer.generator, synthesizer.sample_rate, seconds, loop=True).samples
    exact = whole / synthesizer.sample_rate
    long_loops = synthesizer.sample(count, label, seed=seed, seconds=exact, loop=True)
    length = clips.shape[-1]
    step = max(size // 2, 1) * (length // size)
    control = torch.cat([clips, clips.roll(1, 0)], -1)
    return {
        "windows of long sounds": figures(long, range(step, long.shape[-1] - WINDOW, step), long),
        "wrap of loops": figures(tiled(loops), [length], loops),
        "wrap of long loops": figures(tiled(long_loops), [whole], long_loops),
        "control: clips end to end": figures(control, [length], clips),
    }


def figures(sounds: Tensor, places: "range | list[int]", inside: Tensor) -> dict[str, float]:
    """Shares and ratios of jumps at places of sounds `(N, C, T)`, relative to those inside others.

    Args:
        sounds: with something joined at the places.
        places: each is the number of the first sample after a join.
        inside: sounds `(N, C, T)` without a join.
    """
    result: dict[str, float] = {}
    for name, function in (("jump", jumps), ("flux", flux)):
        limits = function(inside).quantile(0.99, -1, keepdim=True)
        all_of_it = function(sounds)
        at = [all_of_it[:, _nearest(name, place, all_of_it.shape[-1])] for place in places]
        ratios = (torch.stack(at, -1) / limits.clamp(min=1e-9)).flatten()
        result[f"{name}_above"] = float((ratios > 1).float().mean())
        result[f"{name}_median"] = float(ratios.median())
        result[f"{name}_largest"] = float(ratios.max())
    return result


def jumps(sounds: Tensor) -> Tensor:
    """Jumps from sample to sample, the largest over channels: `(N, C, T)` to `(N, T - 1)`."""
    return sounds.diff(dim=-1).abs().amax(1)


def flux(sounds: Tensor) -> Tensor:
    """Mean change of magnitude from each short-time spectrum to the next: `(N, L - 1)`."""
    spectra = magnitude(sounds, WINDOW, HOP, padding="none")
    return spectra.diff(dim=-1).abs().mean((1, 2))


def tiled(loops: Tensor) -> Tensor:
    """Repeat each loop once."""
    return torch.cat([loops, loops], -1)


def _nearest(name: str, place: int, count: int) -> int:
    """Index of the jump across a place, or of the nearest change of spectra."""
    if name == "jump":
        return place - 1
    return min(max(round((place - (WINDOW + HOP) / 2) / HOP), 0), count - 1)


def show(rows: Figures) -> None:
    """Print a table."""
    columns = list(next(iter(rows.values())))
    table = Table(
        "",
        *(column.replace("_", "\n") for column in columns),
        title="against the 99th percentile inside",
    )
    for name, values in rows.items():
        table.add_row(name, *(f"{values[column]:.3f}" for column in columns))
    Console().print(table)


if __name__ == "__main__":
    main()
