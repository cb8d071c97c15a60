"""Small files that demand gigabytes or endless time: refused or processed in bounded memory.

    python benchmarks/faults/bombs.py [NAME ...]

Makes the files in a temporary folder and opens each as its user would, in a child process that may
take 60 s of CPU time; prints seconds, peak memory, exit code and output. Needs Linux or macOS.
"""

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bomb_files import BOMBS

LIMIT = 1.5 * 2**30
"""Maximum bytes of a process; torch itself takes a quarter of it."""
SECONDS = 60
"""CPU time after which a child is ended: thirty times the usual, except for long files."""
PATIENCE = 20
"""Factor for wall-clock time, since machines may be busy."""
CEILING = 12 * 2**30
"""Limit of the address space, so a bomb does no harm."""


@dataclass(frozen=True)
class Outcome:
    """How opening a file ended.

    Attributes:
        code: exit code; negative is the signal that ended it.
        seconds: of CPU time.
        peak: largest memory, bytes.
        said: the output on stderr.
    """

    code: int
    seconds: float
    peak: int
    said: str

    @property
    def line(self) -> str:
        """The last line of the output."""
        return (self.said.strip().splitlines() or [""])[-1]


def attempt(words: Sequence[str], folder: Path) -> Outcome:
    """Run `wavegan WORDS` in a child of this process, which has torch loaded already."""
    said = folder / "said.txt"
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _work(words, said)
    _, status, used = os.wait4(child, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    text = said.read_text(encoding="utf-8", errors="replace") if said.is_file() else ""
    said.unlink(missing_ok=True)
    seconds = used.ru_utime + used.ru_stime
    return Outcome(os.waitstatus_to_exitcode(status), seconds, used.ru_maxrss * unit, text)


def _work(words: Sequence[str], said: Path) -> None:
    """The child: never returns."""
    from wavegan.cli import app

    code = 70
    try:
        signal.alarm(PATIENCE * SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            app(list(words))
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def attempted(
    bombs: Mapping[str, Callable[[Path], Sequence[str]]], names: Sequence[str] = ()
) -> dict[str, Outcome]:
    """Make and open each of some bombs, all if `names` is empty."""
    import wavegan.inference.vocoder  # noqa: F401  # once, before the children are forked

    found = {}
    for name in names or bombs:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            found[name] = attempt(bombs[name](folder), folder)
    return found


def main() -> None:
    """Print the table; exit code 1 where a bomb went off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BOMBS))
    worst = 0
    started = time.monotonic()
    for name in parser.parse_args().names or BOMBS:
        outcome = attempted(BOMBS, [name])[name]
        right = outcome.peak < LIMIT and outcome.code in (0, 2)
        worst = max(worst, not right)
        print(
            f"{name:32} {outcome.seconds:6.1f} s {outcome.peak / 2**20:7.0f} MB "
            f"{outcome.code:4d}{' ' if right else ' ! '}{outcome.line[-150:]}",
            flush=True,
        )
    print(f"{time.monotonic() - started:.0f} s in all")
    sys.exit(worst)


if __name__ == "__main__":
    main()
