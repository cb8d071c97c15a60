"""The page around the sections: one file that opens offline, in light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wavegan.reports.html import Markup, join, tag, void

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)
"""Nothing is fetched, whatever a clip is called."""
MARK = "wavegan report"
"""What says that a page was made here."""


@dataclass(frozen=True)
class Section:
    """A part of the page: what links call it, its heading, its content."""

    name: str
    heading: str
    content: Markup


def html(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    links = [tag("a", section.heading, href=f"#{section.name}") for section in sections]
    body = join(
        tag("header", tag("h1", title), tag("p", subtitle, class_="dim"), tag("nav", *links)),
        tag(
            "main",
            *(
                tag("section", tag("h2", section.heading), section.content, id=section.name)
                for section in sections
            ),
        ),
        tag("script", Markup((HERE / "page.js").read_text(encoding="utf-8"))),
    )
    head = join(
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=POLICY),
        void("meta", name="generator", content=MARK),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        void("link", rel="icon", href="data:,"),
        tag("title", f"{title}: report"),
        tag("style", Markup((HERE / "page.css").read_text(encoding="utf-8"))),
    )
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n"


def is_ours(file: Path) -> bool:
    """Whether a file is a page that was made here."""
    if not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as text:
        return f'content="{MARK}"' in text.read(2000)
