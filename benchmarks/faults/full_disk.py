"""Disks of many sizes that fill up while a run trains and saves.

    python benchmarks/faults/full_disk.py --sizes 30

Trains on a small file system in memory (`mount -t tmpfs`, so as root on Linux). It survived if it
ended with exit code 1 and one line that names a file and the bytes needed (or the folder, if the
run could not start), and, given room again, ended with the weights of an undisturbed run; or if
the room was enough. Previews and trackers without room must not end a run.
"""

import argparse
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trial import Training, ended, row

WORDS = (
    "data.workers=0",
    "training.steps=8",
    "training.checkpoint_every=2",
    "training.validate_every=4",
    "training.trackers=[tensorboard]",
)
LEAST, MOST = 16, 1600
"""KiB: less than a recipe takes; more than a run takes."""


def main() -> None:
    """Try all sizes and print a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, default=30)
    options = parser.parse_args()
    failures, full = [], 0
    with tempfile.TemporaryDirectory() as folder:
        whole = Training(Path(folder) / "run", WORDS)
        whole.finish()
        for number in range(options.sizes):
            kib = LEAST + (MOST - LEAST) * number // max(1, options.sizes - 1)
            failure, said = fill(kib, whole)
            full += said != ""
            if failure:
                failures.append(f"{kib} KiB: {failure}")
    row("full disk", options.sizes, options.sizes - len(failures), failures)
    print(f"{full} of {options.sizes} disks were too small and ended the run")


def fill(kib: int, whole: Training) -> tuple[str | None, str]:
    """Train on a disk of a size; returns what went wrong, and the output."""
    with tempfile.TemporaryDirectory() as folder, mounted(Path(folder), kib):
        training = Training(Path(folder) / "run", WORDS)
        process = training.start()
        said = ended(process)
        if said is None:
            return "hung", "hung"
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        if process.returncode and (failure := wrong_output(said, errors)):
            return failure, said
        subprocess.run(["mount", "-o", f"remount,size={10 * MOST}k", folder], check=True)
        try:
            training.finish()
        except RuntimeError as error:
            return f"does not resume: {error}", said
        same = training.result() == whole.result()
        return None if same else "resumes to other weights", errors[0] if errors else ""


def wrong_output(said: str, errors: list[str]) -> str | None:
    """What is wrong with the messages about a full disk."""
    if "Traceback" in said or len(errors) != 1:
        return f"not one line: {said}"
    reported = (
        re.search(r"[\d,]+ bytes are needed", errors[0]) or "cannot be written to" in errors[0]
    )
    return None if reported else f"no bytes: {errors[0]}"


@contextmanager
def mounted(folder: Path, kib: int) -> Iterator[None]:
    """Mount a file system of this size at a folder."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    subprocess.run(command, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


if __name__ == "__main__":
    main()
