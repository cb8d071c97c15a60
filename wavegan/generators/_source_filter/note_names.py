"""Frequencies of labels that are notes."""

import re
from collections.abc import Sequence

from wavegan.errors import UserError

STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
MOVED = {"": 0, "#": 1, "s": 1, "b": -1}
NAME = re.compile(r"([a-g])(#|s|b|)(-?\d)", re.IGNORECASE)


def frequencies(labels: Sequence[str], field: str) -> list[float]:
    """Frequency in Hz of each label: a MIDI note number (60) or a name (C4, F#3, Bb2; C4 is 60).

    Equal temperament, A4 (69) at 440 Hz.

    Args:
        labels: their names.
        field: name of the field, for the message.

    Raises:
        UserError: there are no labels, or one is not a note.
    """
    if not labels:
        raise UserError(
            f"{field} is labels, but the data has none: set data.labels to folders or names"
        )
    return [440 * 2 ** ((_number(label, field) - 69) / 12) for label in labels]


def _number(label: str, field: str) -> int:
    if re.fullmatch(r"\d{1,3}", label) and int(label) < 128:
        return int(label)
    if name := NAME.fullmatch(label):
        letter, accidental, octave = name.groups()
        return 12 * (int(octave) + 1) + STEPS[letter.lower()] + MOVED[accidental.lower()]
    raise UserError(
        f"{field} is labels, but the label {label!r} is not a note: name notes by MIDI number (60) "
        f"or name (C4, F#3), or set {field} to latent"
    )
