"""Labels of generated clips, as people give them: by name, by place, one for each clip.

A text is a name and nothing else, as labels may be called "2"; an int is a place among the labels.
"""

import difflib
import operator
from collections.abc import Iterable, Mapping, Sequence

from wavegan.counted import counted
from wavegan.errors import UserError

Label = str | int
Labels = Label | Sequence[Label] | None
"""Also numbers of numpy or torch, and arrays of these."""


def numbers(given: Labels, names: Sequence[str], count: int, first: int = 0) -> list[int] | None:
    """The label of each of `count` clips, by place; None where the model knows none.

    Args:
        given: a name, a place, one of these for each clip, or None: clip i gets label i modulo
            their number, so that every label has its share.
        names: of the model's labels.
        count: of clips.
        first: number of the first clip.

    Raises:
        UserError: the model knows no labels, or not this one, or as many as clips were not given.
    """
    if not names:
        if given is not None:
            raise UserError("label: this model was trained without labels: leave it out")
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
            f"label: {counted(len(given), 'is', 'are')} given for {counted(count, 'clip')}"
        )
    return [number(one, names) for one in given]


def number(given: Label, names: Sequence[str]) -> int:
    """A label's place among the names.

    Args:
        given: a name; or an int, which is the place itself. "2" is a label that is called so, 2 is
            the third label.
        names: of the model's labels.

    Raises:
        UserError: there is no such label; the nearest is named, and all.
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
            f"place among them, 0 to {len(names) - 1})"
        )
    return place


def _letters(name: str) -> str:
    """A name as UTF-8 has it: in the C locale its letters beyond ASCII are bytes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
