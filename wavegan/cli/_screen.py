"""Rich's console as every command uses it: text is text, not markup, and acts on no terminal."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from wavegan.cli._guarded import behind, guard
from wavegan.readable import PROSE, escaped


class Screen(Console):
    """Prints tables and bars; what was not styled by a command stays as it is written.

    Rich takes `[red]` for a colour, `:dog:` for a picture and lets ESC through.

    Args:
        stderr: not stdout.
        soft_wrap: leave long lines to the terminal.
        width: columns where there is no terminal; None: rich's own guess.
        file: instead of both.
    """

    def __init__(
        self,
        *,
        stderr: bool = False,
        soft_wrap: bool = False,
        width: int | None = None,
        file: IO[str] | None = None,
    ) -> None:
        super().__init__(
            stderr=stderr,
            soft_wrap=soft_wrap,
            file=file,
            highlight=False,
            markup=False,
            emoji=False,
        )
        if width is not None and not self.is_terminal:
            self.width = width

    @property
    def file(self) -> IO[str]:
        """The stream itself, behind a live bar and the guard."""
        return behind(self._file or (sys.stderr if self.stderr else sys.stdout))  # type: ignore[arg-type]

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render_str(self, text: str, **style: Any) -> Text:
        """Text as it is given: escaped before it is measured."""
        return super().render_str(escaped(text, PROSE), **style)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Segments; rich's own controls are marked as such, all else is text."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=escaped(segment.text, PROSE))


@contextmanager
def live(display: AbstractContextManager[object]) -> Iterator[None]:
    """Keep a bar on screen; what others print meanwhile stands above it, escaped."""
    with display:
        guard()
        yield
