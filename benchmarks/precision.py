"""How much bfloat16 changes the sound of a vocoder: its audio compared with its own in float32.

    python benchmarks/precision.py MODEL [MODEL ...] --data FOLDER

Copy synthesis of each clip in both precisions, then PESQ-wb and log-mel L1 between the two. Also
prints what "auto" decides, and the log-mel L1 of the test on which it decides.
"""

import argparse
import json
from pathlib import Path
from statistics import mean

import torch

from wavegan import Vocoder
from wavegan.audio import io
from wavegan.inference import half
from wavegan.inference.revocode import revocode
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.metrics.pesq_wb import PESQ


def main() -> None:
    """Print a table, and JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, default=Path("examples/speech"))
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [_row(model, options.data, options.count) for model in options.models]
    print("| model | clips | PESQ-wb, mean (lowest) | log-mel L1, mean (highest) | test | auto |")
    print("|---|--:|--:|--:|--:|---|")
    for row in rows:
        print(
            f"| {row['model']} | {row['clips']} | {row['pesq']:.3f} ({row['pesq_lowest']:.3f}) "
            f"| {row['log_mel']:.4f} ({row['log_mel_highest']:.4f}) | {row['test']:.4f} "
            f"| {row['auto']} |"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


def _row(model: Path, data: Path, count: int) -> dict[str, object]:
    exact, fast = (
        Vocoder.from_pretrained(model, precision=precision) for precision in ("float32", "bfloat16")
    )
    rate = exact.sample_rate
    scores, distances = [], []
    files = sorted(file for file in data.rglob("*") if file.suffix in (".wav", ".flac"))
    for file in files[:: max(len(files) // count, 1)][:count]:
        wave = torch.from_numpy(io.read(file, sample_rate=rate, mono=True)[0][0])
        first, second = (revocode(vocoder, wave)[None] for vocoder in (exact, fast))
        scores.append(PESQ()(second, first, rate))
        distances.append(LogMelL1()(second, first, rate))
    test = half.difference(exact.engine, exact.front_end, exact.peak)
    return {
        "model": model.name,
        "clips": len(scores),
        "pesq": mean(scores),
        "pesq_lowest": min(scores),
        "log_mel": mean(distances),
        "log_mel_highest": max(distances),
        "test": test,
        "auto": Vocoder.from_pretrained(model).precision_used,
    }


if __name__ == "__main__":
    main()
