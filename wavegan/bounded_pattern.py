"""Match untrusted regular expressions within a time limit.

Some patterns, such as `(a+)+$`, take practically forever on a name of forty characters. Python
cannot stop a running search, so a separate process runs it and is killed after the time limit.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from wavegan.errors import UserError

LONGEST = 300
"""Most characters of a pattern: each may take milliseconds to compile (ranges of all letters)."""
SECONDS = 5.0
"""Time limit for the start of the process and for each batch of texts."""
BATCH = 1000
"""Texts per time limit."""
_LOOK = 0.1
_SEARCH = """
import json, re, sys
pattern, texts = json.load(sys.stdin)
search = re.compile(pattern).search
for text in texts:
    found = search(text)
    print(json.dumps(found and found[1]), flush=True)
"""


def check(pattern: str) -> None:
    """Check that a text is a regular expression with exactly one group.

    Raises:
        ValueError: it is not.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"longer than {LONGEST} characters")
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if groups != 1:
        raise ValueError("give exactly one group in parentheses, which matches the label")


def groups(pattern: str, texts: Sequence[str], field: str) -> list[str | None]:
    """What the pattern's group matches in each text; None: no match.

    Args:
        pattern: a pattern that `check` accepts.
        texts: names of files, not necessarily UTF-8 (surrogate escapes).
        field: the recipe field of the pattern, for messages.

    Raises:
        UserError: the search takes too long; names field, pattern and text.
    """
    found: list[str | None] = []
    query = json.dumps([pattern, list(texts)]).encode("ascii")
    with _limited([sys.executable, "-I", "-S", "-c", _SEARCH], query) as (answers, more_time):
        for line in answers:
            found.append(json.loads(line))
            if len(found) % BATCH == 0:
                more_time()
    if len(found) < len(texts):
        raise UserError(
            f"{field} {pattern!r}: no result for {texts[len(found)]!r} after {SECONDS:g} s; give a "
            "pattern without nested repetitions such as (a+)+"
        )
    return found


@contextmanager
def _limited(
    command: Sequence[str], query: bytes
) -> Iterator[tuple[Iterable[bytes], Callable[[], None]]]:
    """Yields a process's output lines and a function that restarts its time limit."""
    over, until = threading.Event(), time.monotonic() + SECONDS

    def more_time() -> None:
        nonlocal until
        until = time.monotonic() + SECONDS

    def watch() -> None:
        while not over.wait(_LOOK):
            if time.monotonic() > until:
                process.kill()
                return

    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        threading.Thread(target=watch, daemon=True).start()
        try:
            with suppress(BrokenPipeError):  # the process was killed; the caller misses answers
                process.stdin.write(query)
            with suppress(BrokenPipeError):
                process.stdin.close()
            yield process.stdout, more_time
        finally:
            over.set()
            process.kill()
