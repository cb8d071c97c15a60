"""Measure streams of mels: latency and cost by the length of the chunks.

    python benchmarks/streaming.py
    python benchmarks/streaming.py --families vocos mb-melgan --chunks 1 8 32 --threads 1
    python benchmarks/streaming.py --models runs/my-voice

Two parts make the latency: the frames that a model has to see before a sample is final (a chunk and
the lookahead), and the time to compute a chunk. A stream keeps up with real time while its
real-time factor is below 1. All streams are run in turns, chunk length by chunk length, and each
figure is a median; "whole" is one call with the whole mel. Networks have the published sizes, and
random weights unless `WAVEGAN_SHARED` has real ones. On a machine that others use too, set
GOMP_SPINCOUNT=30000, as the commands of wavegan do (`docs/runs.md`).
"""

import argparse
import json
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from case import Case
from families import FAMILIES, model

from wavegan import Vocoder
from wavegan.bench.computer import computer, cores

SOME = ("hifigan-v1", "hifigan-v3", "mb-melgan", "istftnet", "vocos", "univnet")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--families", nargs="*", choices=FAMILIES, default=[*SOME])
    parser.add_argument("--models", nargs="*", type=Path, default=[], help="your own, in addition")
    parser.add_argument("--chunks", nargs="+", type=int, default=[1, 4, 16, 64], help="frames")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a stream")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    facts = computer()
    print(
        f"{facts['processor']}, torch {torch.__version__}, {options.threads} threads, "
        f"{options.precision}, load {facts['load']}\n"
    )
    print(
        "| model | chunk, frames | ms | lookahead, ms | compute per chunk, ms | latency, ms | RTF |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        paths = {family: model(family, Path(name)) for family in options.families}
        paths |= {path.name: path for path in options.models}
        for family, path in paths.items():
            vocoder = Vocoder.from_pretrained(path, precision=options.precision)
            case = Case(path, options.seconds, options.threads, Path(name))
            found = measured(family, vocoder, case.inputs[0][0], options.chunks, options.runs)
            rows += found
            for row in found:
                print(line(row), flush=True)
    if options.json:
        content = {"machine": facts, "threads": options.threads, "rows": rows}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def measured(
    family: str, vocoder: Vocoder, mel: torch.Tensor, chunks: list[int], runs: int
) -> list[dict[str, Any]]:
    """A row for each length of chunks, and one for the whole mel."""
    frame = vocoder.hop_length / vocoder.sample_rate
    lengths = [*chunks, 0] if vocoder.reach is not None else [0]
    took: dict[int, list[tuple[float, float]]] = {length: [] for length in lengths}
    for _ in range(1 + runs):
        for length in lengths:
            took[length].append(run(vocoder, mel, length))
    rows = []
    for length in lengths:
        # the first run is the warm-up
        totals, parts = zip(*took[length][1:], strict=True)
        rows.append(
            {
                "model": family,
                "chunk_frames": length or mel.shape[-1],
                "whole": not length,
                "chunk_seconds": (length or mel.shape[-1]) * frame,
                "lookahead_seconds": (vocoder.lookahead or 0) * frame if length else 0.0,
                "compute_seconds": statistics.median(parts),
                "real_time_factor": statistics.median(totals) / (mel.shape[-1] * frame),
            }
        )
    return rows


def run(vocoder: Vocoder, mel: torch.Tensor, length: int) -> tuple[float, float]:
    """Seconds of a stream, and of a chunk in the middle of it; length 0 is one call."""
    start = time.perf_counter()
    if not length:
        vocoder(mel)
        took = time.perf_counter() - start
        return took, took
    # a chunk is asked for when the audio of those before has been yielded
    ends = [time.perf_counter() for _ in vocoder.stream(torch.split(mel, length, -1))]
    between = [b - a for a, b in pairwise(ends)] or [ends[-1] - start]
    return ends[-1] - start, statistics.median(between)


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    chunk, ahead, compute = (
        1000 * row[f"{name}_seconds"] for name in ("chunk", "lookahead", "compute")
    )
    name = "whole" if row["whole"] else str(row["chunk_frames"])
    return (
        f"| {row['model']} | {name} | {chunk:.0f} | {ahead:.0f} | {compute:.1f} | "
        f"{chunk + ahead + compute:.0f} | {row['real_time_factor']:.3f} |"
    )


if __name__ == "__main__":
    main()
