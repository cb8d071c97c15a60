"""Notes by name and number."""

import pytest

from wavegan.errors import UserError
from wavegan.generators._source_filter.note_names import frequencies


def test_names_and_numbers_are_frequencies() -> None:
    """Middle C is 261.63 Hz; the ends of a piano are 27.5 and 4186.01 Hz."""
    made = frequencies(["60", "C4", "A0", "c8", "F#3", "Gb3", "Fs3", "069", "B-1"], "f")
    wanted = [261.626, 261.626, 27.5, 4186.009, 184.997, 184.997, 184.997, 440.0, 15.434]
    assert made == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("label", ["kick", "128", "H2", "C", "C44", "", "c#b4"])
def test_what_is_no_note_is_refused(label: str) -> None:
    with pytest.raises(UserError, match=r"pitch_from is labels.*not a note"):
        frequencies(["60", label], "pitch_from")
