"""Single-bit flips over all files of a run's newest checkpoint: how many are noticed.

    python benchmarks/faults/flips.py RUN --count 200

A flip counts as noticed if `whole.check` refuses, as harmless if it is in a text that no program
reads, or in the list of checksums itself while every other file is still as listed. RUN is copied
first and does not change.
"""

import argparse
import random
import shutil
import tempfile
from pathlib import Path

from wavegan import run_folder
from wavegan.checksums import NAME
from wavegan.errors import UserError
from wavegan.training import whole


def main() -> None:
    """Flip, look, flip back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = run_folder.checkpoints(given.run)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "checkpoint"
        shutil.copytree(found[max(found)], folder)
        counts = flips(folder, given.count, random.Random(given.seed))
    print(", ".join(f"{name} {count}" for name, count in counts.items()))


def flips(folder: Path, count: int, draw: random.Random) -> dict[str, int]:
    """Flip `count` bits one after the other, as many in each file; returns the counts."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    counts = {"noticed": 0, "harmless": 0, "missed": 0}
    for number in range(count):
        file = files[number % len(files)]
        content = file.read_bytes()
        flipped = bytearray(content)
        flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
        file.write_bytes(flipped)
        try:
            whole.check(folder)
            counts["harmless" if file.suffix == ".md" or file.name == NAME else "missed"] += 1
        except UserError:
            counts["noticed"] += 1
        file.write_bytes(content)
    return counts


if __name__ == "__main__":
    main()
