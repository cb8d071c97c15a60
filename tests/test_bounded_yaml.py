"""YAML bombs, deep nesting, repeated keys and impossible values are refused at once."""

import contextlib
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wavegan.bounded_yaml import DEPTH, LONGEST, VALUES, BoundedLoader, UniqueLoader, read, reason


def bomb(levels: int = 10, width: int = 10) -> str:
    lines = [f"a0: &a0 [{','.join('x' * width)}]"]
    for n in range(1, levels):
        lines.append(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]")
    return "\n".join(lines)


def merged(levels: int = 24) -> str:
    """Merge keys double what they merge."""
    lines = ["a0: &a0 {k: 1}"]
    for n in range(1, levels):
        lines.append(f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (bomb(), "alias"),
        (merged(), "alias"),
        ("a: &a [*a]", "alias"),
        ("a: &a {b: *a}", "alias"),
        ("[" * 5000, str(DEPTH)),
        ("{a: " * 5000, str(DEPTH)),
        ("\n".join(f"{' ' * n}a:" for n in range(100)), str(DEPTH)),
        ("- x\n" * (VALUES + 5), f"{VALUES:,}"),
        ("a: " + "x" * LONGEST, f"{LONGEST:,}"),
        ("steps: 2024-99-99", "value"),
        ("steps: " + "9" * 5000, "value"),
        ("{[1]: 2, {a: b}: 3}", "key"),
        ("x: !!python/object/apply:os.system [true]", "python"),
        ("a: [1", "line 1"),
        ("a: *nothing", "nothing"),
        ("\x00", "special characters"),
    ],
)
def test_refused_at_once_with_a_reason_on_one_line(text: str, named: str) -> None:
    with pytest.raises(yaml.YAMLError) as refusal:
        read(text)
    assert named in reason(refusal.value)
    assert "\n" not in reason(refusal.value)


def test_what_people_write_is_read_as_before() -> None:
    for file in sorted(Path("recipes").glob("*")):
        text = file.read_text(encoding="utf-8")
        assert read(text, UniqueLoader) == yaml.safe_load(text)
    text = "base: &b {x: 1, y: [1, 2]}\nmine: {<<: *b, x: 2}\nother: *b"
    assert read(text, UniqueLoader) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3", "t: {steps: 1, lr: 2, steps: 3}"])
def test_a_key_given_twice_is_named_with_its_line(text: str) -> None:
    assert read(text) == yaml.safe_load(text)
    with pytest.raises(yaml.YAMLError, match=r"line \d.*(a|steps) ") as refusal:
        read(text, UniqueLoader)
    assert "second time" in reason(refusal.value)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=string.printable + "é&*!<\x00\x07\ud800", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(yaml.YAMLError):
        read(text, BoundedLoader)
