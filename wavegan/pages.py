"""HTML from jinja2 templates: values are escaped, and missing values raise an error."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wavegan.readable import PROSE, escaped


class Templates:
    """A folder of templates.

    A template calls `asset("page.css")` to insert a file unescaped.

    Args:
        folder: the folder of the templates.
        assets: the folder of style sheets and scripts.
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
        # keep the order of keys in JSON
        self._environment.policies["json.dumps_kwargs"] = {}
        self._environment.globals["asset"] = self._asset

    def fill(self, name: str, **values: object) -> Markup:
        """Fill a template; other templates insert the result unescaped.

        Raises:
            jinja2.UndefinedError: the template uses a value that is not given.
        """
        return Markup(self._environment.get_template(name).render(values))  # noqa: S704

    def write(self, name: str, file: IO[str], **values: object) -> None:
        """Write a filled template piece by piece, so iterators among the values stay lazy."""
        pieces: Iterable[str] = self._environment.get_template(name).generate(values)
        file.writelines(pieces)

    def _asset(self, name: str) -> Markup:
        return Markup((self._assets / name).read_text(encoding="utf-8"))  # noqa: S704


def is_own_page(file: Path, mark: str) -> bool:
    """Whether a file is a page whose generator tag is `mark`."""
    if not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as text:
        return f'name="generator" content="{mark}"' in text.read(2000)


def _shown(value: object) -> object:
    """A value as text for the page, with control characters escaped; None is empty."""
    if value is None:
        return ""
    return value if hasattr(value, "__html__") else escaped(str(value), PROSE)
