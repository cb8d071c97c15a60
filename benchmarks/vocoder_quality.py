"""Measure vocoders' copy synthesis beside Griffin-Lim from the same mels.

    python benchmarks/vocoder_quality.py DATA --list DATA/test.txt --model RUN --model CHECKPOINT

Files are peak-normalised to 0.95, their mels made by each model's front-end; Griffin-Lim is given
those of the first. Prints a table; `--json FILE` writes it too, `--picture FILE` draws a sentence.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from griffin_lim import griffin_lim
from rich.console import Console
from rich.table import Table
from torch import Tensor

from wavegan import Vocoder
from wavegan.data.clips import whole
from wavegan.data.scan import scan
from wavegan.data.split import split
from wavegan.inference.picture import draw
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.metrics.mrstft import MRSTFT
from wavegan.metrics.pesq_wb import PESQ
from wavegan.metrics.stoi import STOI

PEAK = 0.95
METRICS = {
    "mel distance": LogMelL1(),
    "MR-STFT": MRSTFT(),
    "PESQ-wb": PESQ(),
    "STOI": STOI(),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="folder of audio")
    parser.add_argument("--list", type=Path, help="file of ids to use; all files without it")
    parser.add_argument("--count", type=int, default=20, help="how many of them, from the first")
    parser.add_argument(
        "--model", type=Path, required=True, action="append", help="may be given several times"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    vocoders = {str(model): Vocoder.from_pretrained(model) for model in options.model}
    first = next(iter(vocoders.values()))
    clips = read(options.data, options.list, options.count, first)
    rows = {name: measure(speaks(v), clips, v) for name, v in vocoders.items()}
    rows["Griffin-Lim, 60 iterations"] = measure(
        lambda mel: griffin_lim(mel, first.spec, 60), clips, first
    )
    show(rows, len(clips))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if options.picture:
        clip = clips[0]
        made = first(first.mel(clip[0]))
        panels = {"original": clip[0].numpy(), "vocoded": made.numpy()}
        draw(options.picture, panels, first.sample_rate)


def speaks(vocoder: Vocoder) -> Callable[[Tensor], Tensor]:
    """A vocoder as a system: `(n_mels, L)` to `(1, T)`."""
    return lambda mel: vocoder(mel)[None]


def read(folder: Path, names: Path | None, count: int, vocoder: Vocoder) -> list[Tensor]:
    """The first `count` files, listed or all, each `(1, T)`, in the list's or the names' order."""
    if names is None:
        manifest = scan(folder)
        found = sorted(manifest.clips, key=lambda clip: clip.path)[:count]
        return [whole(clip, manifest.root, vocoder.sample_rate, peak=PEAK) for clip in found]
    listed = [line.split("|")[0].strip() for line in names.read_text().splitlines() if line.strip()]
    manifest = scan(folder)
    chosen = split(manifest, validation=names).validation
    by_name = {Path(clip.path).stem: clip for clip in chosen}
    clips = [by_name[name] for name in listed if name in by_name][:count]
    return [whole(clip, manifest.root, vocoder.sample_rate, peak=PEAK) for clip in clips]


def measure(
    system: Callable[[Tensor], Tensor], clips: list[Tensor], vocoder: Vocoder
) -> dict[str, float]:
    """The mean of each metric over the clips, and the speed in times real time."""
    sums = dict.fromkeys(METRICS, 0.0)
    taken = spoken = 0.0
    for clip in clips:
        mel = vocoder.mel(clip[0])
        start = time.perf_counter()
        made = system(mel)
        taken += time.perf_counter() - start
        spoken += made.shape[-1] / vocoder.sample_rate
        length = min(made.shape[-1], clip.shape[-1])
        for name, metric in METRICS.items():
            value = metric(made[:, :length], clip[:, :length], vocoder.sample_rate)
            sums[name] += value / len(clips)
    return {**sums, "x real time": spoken / taken}


def show(rows: dict[str, dict[str, float]], count: int) -> None:
    """Print the table."""
    table = Table(title=f"{count} sentences, {torch.get_num_threads()} threads")
    table.add_column("system")
    for name in next(iter(rows.values())):
        table.add_column(name, justify="right")
    for system, values in rows.items():
        table.add_row(system, *(f"{value:.3f}" for value in values.values()))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
