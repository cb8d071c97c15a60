"""Parse the labels that users give for generated clips: names, positions, or one per clip.

A string is always a name, as a label may be called "2"; an int is a position among the labels.
"""

import difflib
import operator
from collections.abc import Iterable, Mapping, Sequence

from wavegan.counted import counted
from wavegan.errors import UserError

Label = str | int
Labels = Label | Sequence[Label] | None
"""Also numbers of numpy or torch, and arrays of them."""


def numbers(given: Labels, names: Sequence[str], count: int, first: int = 0) -> list[int] | None:
    """The label number of each of `count` clips; None if the model has no labels.

    Args:
        given: a name, a position, or one of these per clip. With None, clip i gets label
            i modulo the number of labels, which spreads the labels evenly.
        names: names of the model's labels.
        count: number of clips.
        first: number of the first clip.

    Raises:
        UserError: the model has no labels, or not this one, or the number of labels differs from
            the number of clips.
    """
    if not names:
        if given is not None:
            raise UserError("label: this model was trained without labels; leave the label out")
        return None
    if given is None:
        return [(first + i) % len(names) for i in range(count)]
    if hasattr(given, "tolist"):
        given = given.tolist()
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        return [number(given, names)] * count
    given = list(given)
    if len(given) != count:
        raise UserError(
            f"label: {counted(len(given), 'is', 'are')} given for {counted(count, 'clip')}; "
            "give one, or one per clip"
        )
    return [number(one, names) for one in given]


def number(given: Label, names: Sequence[str]) -> int:
    """A label's position among the names.

    Args:
        given: a name, or an int: the position. "2" is a label of that name, 2 is the third label.
        names: names of the model's labels.

    Raises:
        UserError: there is no such label; the message has the closest one and all others.
    """
    if isinstance(given, str):
        known = [_letters(name) for name in names]
        if _letters(given) in known:
            return known.index(_letters(given))
        near = difflib.get_close_matches(given, names, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise UserError(f"there is no label {given!r}{meant}; the labels are {', '.join(names)}")
    try:
        place = -1 if isinstance(given, bool) else operator.index(given)
    except TypeError:
        place = -1
    if not 0 <= place < len(names):
        raise UserError(
            f"there is no label {str(given)!r}; the labels are {', '.join(names)} (an int is a "
            f"position among them, 0 to {len(names) - 1})"
        )
    return place


def _letters(name: str) -> str:
    """A name decoded as UTF-8: in the C locale, letters beyond ASCII arrive as bytes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
