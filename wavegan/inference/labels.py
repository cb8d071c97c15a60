"""Labels of generated clips, as people give them: by name, by number, one for each clip."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from wavegan.errors import UserError

Label = str | int
Labels = Label | Sequence[Label] | None
"""Also numbers of numpy or torch, and arrays of these."""


def numbers(given: Labels, names: Sequence[str], count: int, first: int = 0) -> list[int] | None:
    """The label of each of `count` clips, by number; None where the model knows none.

    Args:
        given: a name, a number, one of these for each clip, or None: clip i gets label i modulo
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
        raise UserError(f"label: {len(given)} of them are given for {count} clips")
    return [number(one, names) for one in given]


def number(given: Label, names: Sequence[str]) -> int:
    """A label's number, of its name or number; a text that is no name may be a number.

    Raises:
        UserError: there is no such label; the nearest is named, and all.
    """
    if isinstance(given, str) and given in names:
        return list(names).index(given)
    text = str(given.tolist() if hasattr(given, "tolist") else given)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    near = difflib.get_close_matches(text, names, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    raise UserError(f"there is no label {text!r}{meant}; the labels are {', '.join(names)}")
