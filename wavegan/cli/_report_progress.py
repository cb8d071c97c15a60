"""What `wavegan report` tells while it works, on stderr."""

import time
from contextlib import AbstractContextManager, nullcontext

from rich.status import Status
from rich.text import Text

from wavegan.cli._screen import Screen, live
from wavegan.readable import PROSE, escaped


class Told:
    """What is being done: a changing line on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, silent: bool) -> None:
        self.silent, self.last = silent, time.monotonic()
        self.console = Screen(stderr=True, soft_wrap=True)
        self.status: Status | None = None

    def live(self) -> AbstractContextManager[object]:
        """Keep the line on screen where there is a terminal."""
        if self.silent or not self.console.is_terminal:
            return nullcontext()
        self.status = self.console.status("reading")
        return live(self.status)

    def note(self, text: str) -> None:
        """A line that stays."""
        if not self.silent:
            self.console.print(" ".join(escaped(text, PROSE).split()))

    def progress(self, text: str) -> None:
        """A line that may pass."""
        if self.status is not None:
            self.status.update(Text(escaped(text, PROSE)))
        elif time.monotonic() - self.last >= 10:
            self.last = time.monotonic()
            self.note(text)
