"""HTML from templates (jinja2): what they show is escaped, what they were not given is refused."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wavegan.readable import PROSE, escaped


class Templates:
    """A folder of templates.

    A template calls `asset("page.css")` for what stands in the page as it is.

    Args:
        folder: of the templates.
        assets: of style sheets and scripts.
    """

    def __init__(self, folder: Path, assets: Path) -> None:
        self._assets = assets
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # the order of what a page is told stays
        self._environment.policies["json.dumps_kwargs"] = {}
        self._environment.globals["asset"] = self._asset

    def fill(self, name: str, **values: object) -> Markup:
        """A template with its values, which another template takes as it is.

        Raises:
            jinja2.UndefinedError: it asks for a value that is not given.
        """
        return Markup(self._environment.get_template(name).render(values))  # noqa: S704

    def write(self, name: str, file: IO[str], **values: object) -> None:
        """Write a filled template piece by piece: iterators among the values are not gathered."""
        pieces: Iterable[str] = self._environment.get_template(name).generate(values)
        file.writelines(pieces)

    def _asset(self, name: str) -> Markup:
        return Markup((self._assets / name).read_text(encoding="utf-8"))  # noqa: S704


def made_here(file: Path, mark: str) -> bool:
    """Whether a file is a page that says of itself that `mark` made it."""
    if not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as text:
        return f'name="generator" content="{mark}"' in text.read(2000)


def _shown(value: object) -> object:
    """What stands in the page for a value: no sign of it acts on a screen; None is nothing."""
    if value is None:
        return ""
    return value if hasattr(value, "__html__") else escaped(str(value), PROSE)
