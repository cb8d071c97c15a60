"""Put the sections into one HTML page that opens offline, in light or dark mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from wavegan import colours
from wavegan.pages import Templates

HERE = Path(__file__).parent
MARK = "wavegan report"
"""The mark that identifies our own pages."""

fill = Templates(HERE / "templates", HERE).fill


@dataclass(frozen=True)
class Section:
    """A part of the page: its link name, heading and content."""

    name: str
    heading: str
    parts: Sequence[Markup]


def html(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    content = {"title": title, "subtitle": subtitle, "sections": sections}
    return fill("page.html", **content, mark=MARK, colours=colours.REPORT)
