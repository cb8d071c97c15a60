"""Elements of a page; text is escaped unless it already is markup."""

import html
from collections.abc import Sequence

from wavegan.readable import PROSE, escaped


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Text as HTML shows it literally, in elements and in quoted attributes."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(escaped(str(text), PROSE), quote=True))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element.

    Args:
        name: of the element.
        children: text, markup, or sequences of such; None is left out.
        attributes: `class_` is `class`, `aria_label` is `aria-label`; True stands alone, None and
            False are left out.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def void(name: str, /, **attributes: object) -> Markup:
    """An element that has no content, such as `img`."""
    return Markup(f"<{name}{''.join(_attribute(k, v) for k, v in attributes.items())}/>")


def join(*children: object) -> Markup:
    """Children one after the other."""
    return Markup("".join(_child(child) for child in children))


def table(head: Sequence[object], rows: Sequence[Sequence[object]], **attributes: object) -> Markup:
    """A table whose first column heads its rows, in a box of its own to scroll in."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = (
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", c) for c in row[1:])) for row in rows
    )
    content = tag("table", tag("thead", top), tag("tbody", *body), **attributes)
    return tag("div", content, class_="scroll", tabindex="0", role="region", aria_label="table")


def details(summary: str, *content: object, **attributes: object) -> Markup:
    """Content that is folded away until it is wanted."""
    return tag("details", tag("summary", summary), *content, **attributes)


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'


def _child(child: object) -> str:
    if child is None:
        return ""
    return join(*child) if isinstance(child, list | tuple) else escape(child)
