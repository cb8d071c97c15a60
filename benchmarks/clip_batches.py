"""Sounds one at a time and in batches: whether samples are equal, and what batches save.

    python benchmarks/clip_batches.py

Networks of their default sizes with fresh weights, on the engine in float32.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from wavegan import Synthesizer
from wavegan.generators.base import LatentGenerator
from wavegan.generators.source_filter import SourceFilter
from wavegan.generators.specgan import SpecGAN
from wavegan.generators.stylewave import StyleWave
from wavegan.generators.wavegan import WaveGAN
from wavegan.inference import clip_batches

NETWORKS: dict[str, Callable[[], LatentGenerator]] = {
    "wavegan": WaveGAN,
    "specgan": SpecGAN,
    "stylewave": StyleWave,
    "source_filter": lambda: SourceFilter(sample_rate=16000),
}


def main() -> None:
    """Print a table, and JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print("| network | ms per clip alone | in batches of 8 | equal to the bit |")
    print("|---|--:|--:|---|")
    rows = [_row(name, make, options.runs) for name, make in NETWORKS.items()]
    for row in rows:
        equal = "yes" if row["equal"] else "no: one at a time"
        print(f"| `{row['network']}` | {row['alone']:.1f} | {row['together']:.1f} | {equal} |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


def _row(name: str, make: Callable[[], LatentGenerator], runs: int) -> dict[str, object]:
    torch.manual_seed(0)
    synthesizer = Synthesizer(make(), 16000)
    count = clip_batches.TOGETHER
    synthesizer.sample(count, seed=0)  # both ways, once
    (equal,) = synthesizer._batches._equal.values() or (False,)
    alone, together = [], []
    for _ in range(runs):
        alone.append(_seconds(lambda: [synthesizer.sample(1, seed=0) for _ in range(count)]))
        together.append(_seconds(lambda: synthesizer.sample(count, seed=0)))
    each = 1000 / count
    return {
        "network": name,
        "alone": sorted(alone)[runs // 2] * each,
        "together": sorted(together)[runs // 2] * each,
        "equal": equal,
    }


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
