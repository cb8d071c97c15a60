"""Regular expressions of unknown origin: matched within a time limit.

`(a+)+$` takes longer than anybody lives on a name of forty characters. Nothing in this process can
stop such a search, so another one does it and is ended when its time is over.
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
"""Characters of a pattern: each may cost milliseconds to compile, as ranges of all letters do."""
SECONDS = 5.0
"""For so many texts, and for a new process to start."""
BATCH = 1000
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
    """Refuse what is no regular expression with one group.

    Raises:
        ValueError: says what is wrong.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"longer than {LONGEST} characters")
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if groups != 1:
        raise ValueError("it must have one group in parentheses, the label")


def groups(pattern: str, texts: Sequence[str], field: str) -> list[str | None]:
    """What a pattern's group finds in each text; None: nothing.

    Args:
        pattern: one that `check` lets pass.
        texts: names of files; they may stand for bytes that are not UTF-8.
        field: the pattern's, for messages.

    Raises:
        UserError: the search takes too long; names field, pattern and text.
    """
    found: list[str | None] = []
    asked = json.dumps([pattern, list(texts)]).encode("ascii")
    with _limited([sys.executable, "-I", "-S", "-c", _SEARCH], asked) as (answers, more_time):
        for line in answers:
            found.append(json.loads(line))
            if len(found) % BATCH == 0:
                more_time()
    if len(found) < len(texts):
        raise UserError(
            f"{field} {pattern!r}: no result for {texts[len(found)]!r} after {SECONDS:g} s: give a "
            "pattern without repetitions inside repetitions"
        )
    return found


@contextmanager
def _limited(
    command: Sequence[str], asked: bytes
) -> Iterator[tuple[Iterable[bytes], Callable[[], None]]]:
    """The lines that a process answers with until its time is over, and what gives it more."""
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
            with suppress(BrokenPipeError):  # where it was ended, answers are missing
                process.stdin.write(asked)
            with suppress(BrokenPipeError):
                process.stdin.close()
            yield process.stdout, more_time
        finally:
            over.set()
            process.kill()
