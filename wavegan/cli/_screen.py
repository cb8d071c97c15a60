"""Rich's console for all commands: no markup in text, and terminal control characters escaped."""

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
    """Prints tables and bars, and text exactly as given.

    By default rich reads `[red]` as a colour, `:dog:` as an emoji, and prints ESC.

    Args:
        stderr: print to stderr instead of stdout.
        soft_wrap: let the terminal wrap long lines.
        width: width in characters where there is no terminal; None: rich's default.
        file: print to this file instead.
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
        """The innermost stream, without live bars and the guard."""
        return behind(self._file or (sys.stderr if self.stderr else sys.stdout))  # type: ignore[arg-type]

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render_str(self, text: str, **style: Any) -> Text:
        """Render text, escaped before its width is measured."""
        return super().render_str(escaped(text, PROSE), **style)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render segments; all but rich's own control segments are escaped."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=escaped(segment.text, PROSE))


@contextmanager
def live(display: AbstractContextManager[object]) -> Iterator[None]:
    """Keep a bar on screen; other output appears above it, escaped."""
    with display:
        guard()
        yield
