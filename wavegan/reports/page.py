"""The page around the sections: one file that opens offline, in light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from wavegan import colours
from wavegan.pages import Templates

HERE = Path(__file__).parent
MARK = "wavegan report"
"""What says that a page was made here."""

fill = Templates(HERE / "templates", HERE).fill


@dataclass(frozen=True)
class Section:
    """A part of the page: what links call it, its heading, its content."""

    name: str
    heading: str
    parts: Sequence[Markup]


def html(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    told = {"title": title, "subtitle": subtitle, "sections": sections}
    return fill("page.html", **told, mark=MARK, colours=colours.REPORT)
