"""Patterns of unknown origin end, whatever they and the texts are."""

import pytest

from wavegan import bounded_pattern
from wavegan.errors import UserError

ENDLESS = "(a+)+$"
LONG = "a" * 40 + "!.wav"


def test_what_the_group_finds() -> None:
    names = ["60_a.wav", "none.wav", "_x.wav", "caf\udce9_1.wav", "é\n_2.wav"]
    found = bounded_pattern.groups("^([^_]*)_", names, "f")
    assert found == ["60", None, "", "caf\udce9", "é\n"]
    assert bounded_pattern.groups("^(a)|b", ["b"], "f") == [None]
    assert bounded_pattern.groups("(a)", [], "f") == []


def test_more_texts_than_a_batch() -> None:
    names = [f"{number}_x.wav" for number in range(bounded_pattern.BATCH * 2 + 1)]
    assert bounded_pattern.groups("^([^_]+)_", names, "f") == [n.split("_")[0] for n in names]


def test_a_search_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_pattern, "SECONDS", 2.0)
    with pytest.raises(UserError) as refused:
        bounded_pattern.groups(ENDLESS, ["aaa", "ab", LONG, "aaa"], "data.label_pattern")
    assert "data.label_pattern" in str(refused.value)
    assert repr(ENDLESS) in str(refused.value)
    assert repr(LONG) in str(refused.value)


@pytest.mark.parametrize("pattern", ["(a", "a", "(a)(b)", "(" * 290, "(a{99999999999999999999})"])
def test_what_is_no_pattern_with_one_group(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"group|regular expression"):
        bounded_pattern.check(pattern)


def test_a_pattern_is_no_book() -> None:
    bounded_pattern.check(f"({'a' * (bounded_pattern.LONGEST - 2)})")
    with pytest.raises(ValueError, match=str(bounded_pattern.LONGEST)):
        bounded_pattern.check(f"({'a' * (bounded_pattern.LONGEST - 1)})")
