"""Errors as fields: no program has to search a message for the file."""

import pickle
from pathlib import Path

import pytest

from wavegan.audio.source import ShortReadError
from wavegan.errors import RunError, UserError, reason


@pytest.mark.parametrize("kind", [UserError, RunError])
def test_the_message_is_the_place_and_the_reason(kind: type[UserError] | type[RunError]) -> None:
    placed, plain = kind("no samples in it", at=Path("a/b.wav")), kind("steps: give 1 or more")
    assert str(placed) == "a/b.wav: no samples in it"
    assert (placed.at, placed.reason) == ("a/b.wav", "no samples in it")
    assert (plain.at, plain.reason) == ("", str(plain))


@pytest.mark.parametrize(
    "error",
    [
        UserError("no samples in it", at="a: b.wav"),
        RunError("the disk is full", at="a.wav"),
        ShortReadError("cut short", Path("a.wav"), 7, at="a.wav"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_another_process_gets_the_same(error: UserError | RunError) -> None:
    found = pickle.loads(pickle.dumps(error))
    assert (str(found), found.at, found.reason) == (str(error), error.at, error.reason)
    assert vars(found) == vars(error)


def test_a_name_is_left_out_for_who_knows_it_and_for_nobody_else() -> None:
    error = UserError("no samples in it", at="a.wav")
    assert reason(error, Path("a.wav")) == "no samples in it"
    assert reason(error, "b.wav") == "a.wav: no samples in it"
    assert reason(UserError("a.wav: written out"), "a.wav") == "a.wav: written out"
    assert reason(OSError(2, "gone", "a.wav"), "a.wav") == "[Errno 2] gone: 'a.wav'"


def test_a_message_is_one_line_whatever_the_names() -> None:
    error = UserError("floors.a\nb\x1b[2J: it is missing", at="c\rd.json")
    assert str(error) == r"c\rd.json: floors.a b\x1b[2J: it is missing"
    assert error.at == "c\rd.json"
