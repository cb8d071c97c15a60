"""Give mutated files to every reader of a run's state; count inputs, wrong exceptions, slowest.

    python benchmarks/faults/mutations.py RUN --seconds 10

A reader may refuse with a `UserError`; any other exception is wrong. RUN does not change.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from wavegan import bundle, checksums, run_folder
from wavegan.errors import UserError
from wavegan.progress.history import History
from wavegan.progress.run_status import run_status
from wavegan.progress.verdict import run_verdict
from wavegan.training.kept_split import KeptSplit
from wavegan.training.owner import Owner
from wavegan.training.state_file import State

WORDS = (b"-1", b"NaN", b"1e999", b"null", b"true", b'"x"', b"[]", b"{}", b"9" * 40, b"\xff",
         b"[" * 3000, b"", b"0", b"1.5", b"\n", b'"\\ud800"')  # fmt: skip


def readers(run: Path) -> dict[str, tuple[Path, Callable[[], object]]]:
    """The file and the reader, by name."""
    found = run_folder.checkpoints(run)
    last = found[max(found)]

    def reported() -> object:
        history = History.read(run)
        return run_status(history), run_verdict(history).text

    metrics, recipe, best = run / run_folder.METRICS, run / run_folder.RECIPE, run_folder.BEST
    return {
        "config.json": (last / bundle.CONFIG, lambda: bundle.Config.read(last / bundle.CONFIG)),
        "metrics.jsonl": (metrics, reported),
        "recipe.yaml": (recipe, reported),
        "split.json": (run / "split.json", lambda: KeptSplit.read(run)),
        "best.json": (
            run / run_folder.FOLDER / best,
            lambda: run_folder.marked(run),
        ),
        "run.lock": (
            run / "run.lock",
            lambda: Owner.from_json((run / "run.lock").read_text(errors="replace")),
        ),
        "checksums.json": (last / checksums.NAME, lambda: checksums.check(last, ())),
        "state.pt": (
            last / "training" / "state.pt",
            lambda: State.read(last / "training" / "state.pt"),
        ),
    }


def mutated(content: bytes, draw: random.Random) -> bytes:
    """A file with one to three changes: bits, cuts, repeats, words in the place of others."""
    for _ in range(draw.randint(1, 3)):
        start = draw.randrange(len(content) + 1)
        end = min(len(content), start + draw.choice((1, 2, 5, 20)))
        kind = draw.randrange(4)
        if kind == 0 and start < len(content):
            flipped = content[start] ^ 1 << draw.randrange(8)
            content = content[:start] + bytes([flipped]) + content[start + 1 :]
        elif kind == 1:
            content = content[:start]
        elif kind == 2:
            content = content[:end] + content[start:]
        else:
            content = _word(content, start, draw)
    return content


def _word(content: bytes, start: int, draw: random.Random) -> bytes:
    """The value behind the next colon becomes another."""
    colon = content.find(b": ", start)
    if colon < 0:
        return content
    end = min(e for e in (content.find(c, colon) for c in (b",", b"\n", b"}")) if e > 0) if any(
        content.find(c, colon) > 0 for c in (b",", b"\n", b"}")
    ) else len(content)  # fmt: skip
    return content[: colon + 2] + draw.choice(WORDS) + content[end:]


def attack(
    file: Path, read: Callable[[], object], seconds: float, draw: random.Random
) -> tuple[int, Counter[str], float]:
    """Mutate a file for some seconds: inputs, wrong exceptions, seconds of the slowest."""
    good, foreign, tried, slowest = file.read_bytes(), Counter[str](), 0, 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        file.write_bytes(mutated(good, draw))
        begun = time.monotonic()
        try:
            read()
        except UserError:
            pass
        except Exception as error:
            foreign[f"{type(error).__name__}: {str(error)[:80]}"] += 1
        slowest = max(slowest, time.monotonic() - begun)
        tried += 1
    file.write_bytes(good)
    return tried, foreign, slowest


def main() -> None:
    """Attack each reader in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        shutil.copytree(given.run, run)
        (run / "run.lock").write_text(Owner.here().to_json())
        for name, (file, read) in readers(run).items():
            draw = random.Random(given.seed)
            tried, foreign, slowest = attack(file, read, given.seconds, draw)
            print(f"{name}: {tried:,} inputs, {foreign.total()} foreign, slowest {slowest:.2f} s")
            for what, count in foreign.most_common(5):
                print(f"  {count} × {what}")


if __name__ == "__main__":
    main()
