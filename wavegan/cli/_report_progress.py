"""What `wavegan report` tells while it works, on stderr."""

import time
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.status import Status
from rich.text import Text


class Told:
    """What is being done: a changing line on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, silent: bool) -> None:
        self.silent, self.last = silent, time.monotonic()
        self.console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        self.status: Status | None = None

    def live(self) -> AbstractContextManager[object]:
        """Keep the line on screen where there is a terminal."""
        if self.silent or not self.console.is_terminal:
            return nullcontext()
        self.status = self.console.status("reading")
        return self.status

    def note(self, text: str) -> None:
        """A line that stays."""
        if not self.silent:
            self.console.print(" ".join(text.split()).encode("utf-8", "replace").decode())

    def progress(self, text: str) -> None:
        """A line that may pass."""
        if self.status is not None:
            self.status.update(Text(text))
        elif time.monotonic() - self.last >= 10:
            self.last = time.monotonic()
            self.note(text)
