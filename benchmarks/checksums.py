"""Measure what checking the checksums of a bundle adds to opening it.

    python benchmarks/checksums.py
    taskset -c 0 python benchmarks/checksums.py    # on one core

Each pair opens a bundle with and without its list of checksums, in alternating order. "First" is
a new process, including Python and torch; "further" is another model in a process that has opened
some; "again" opens the same files once more. Prints the median without checksums and the median
difference of pairs, as wall-clock time and as processor time, which a busy machine hardly changes
(for "further" and "again" that of the opening thread; the check runs in a separate thread).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from wavegan import Vocoder, bundle, checksums, recipe
from wavegan.training import parts

RECIPES = ("hifigan-v3", "hifigan-v1")
OPEN = "import sys; from wavegan import Vocoder; Vocoder.from_pretrained(sys.argv[1])"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--first", type=int, default=11, help="pairs of processes; 0: none")
    parser.add_argument("--further", type=int, default=41, help="pairs in one process")
    given = parser.parse_args()
    for name in RECIPES:
        with tempfile.TemporaryDirectory() as scratch:
            listed, plain = bundles(Path(scratch), name)
            size = (listed / bundle.WEIGHTS).stat().st_size / 1e6
            for kind, pairs, seconds in (
                ("first", given.first, in_a_process),
                ("further", given.further, fresh_files),
                ("again", given.further, again),
            ):
                if not pairs:
                    continue
                text = cost(listed, plain, pairs, seconds)
                print(f"{name} ({size:.0f} MB), {kind}: {text}", flush=True)


def bundles(scratch: Path, name: str) -> tuple[Path, Path]:
    """Save random weights of a recipe as two bundles, with and without checksums."""
    made = parts.build(recipe.load(name))
    listed, plain = scratch / "listed", scratch / "plain"
    listed.mkdir()
    bundle.save(listed, made.config, made.generator.state_dict())
    shutil.copytree(listed, plain)
    (plain / checksums.NAME).unlink()
    time.sleep(2 * checksums.SETTLED / 1e9)
    return listed, plain


Seconds = tuple[float, float]
"""Wall-clock and processor seconds."""


def in_a_process(folder: Path) -> Seconds:
    """Seconds of a process that opens the bundle and exits."""
    begun, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", OPEN, str(folder)], check=True)
    after = os.times()
    computed = sum(after[2:4]) - sum(before[2:4])
    return time.perf_counter() - begun, computed


def fresh_files(folder: Path) -> Seconds:
    """Seconds to open files that this process has not read before."""
    os.utime(folder / bundle.WEIGHTS)
    return again(folder)


def again(folder: Path) -> Seconds:
    """Seconds to open the bundle."""
    begun, before = time.perf_counter(), time.thread_time()
    Vocoder.from_pretrained(folder)
    return time.perf_counter() - begun, time.thread_time() - before


def cost(listed: Path, plain: Path, pairs: int, seconds: Callable[[Path], Seconds]) -> str:
    """Open both bundles in alternating order."""
    for folder in (listed, plain, listed, plain):
        seconds(folder)
    if seconds is again:
        time.sleep(2 * checksums.SETTLED / 1e9)
        again(listed)
    found = []
    for number in range(pairs):
        order = (listed, plain) if number % 2 else (plain, listed)
        taken = {folder: seconds(folder) for folder in order}
        found.append((taken[plain], taken[listed]))
    texts = []
    for which, name in enumerate(("pass", "computed")):
        without = median(before[which] for before, _ in found)
        added = median(after[which] - before[which] for before, after in found)
        texts.append(
            f"{without * 1e3:.0f} ms {name}, {added * 1e3:+.1f} ms ({added / without:+.1%})"
        )
    return "; ".join(texts)


if __name__ == "__main__":
    main()
