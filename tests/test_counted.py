"""Words agree with their number in every message."""

import re
from pathlib import Path

import pytest

from wavegan.counted import counted

PACKAGE = Path(__file__).resolve().parents[1] / "wavegan"
NOUNS = "clips|mels|files|labels|lines|folders|crops|processes|trials|inputs|runs|checkpoints"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (12345, "12,345 files")]
)
def test_a_noun_agrees_with_its_number(count: int, text: str) -> None:
    assert counted(count, "file") == text


def test_irregular_plurals_are_given() -> None:
    reported = [counted(n, "stretch is", "stretches are") for n in (1, 2)]
    assert reported == ["1 stretch is", "2 stretches are"]


def test_no_message_counts_by_itself() -> None:
    """`{len(x)} clips` would say "1 clips"."""
    own = re.compile(rf"\{{len\([^{{}}]*\)(?::,)?\}} (?:{NOUNS})\b|'' if [\w.]+ [!=]= 1 else 's'")
    found = {
        f"{file.relative_to(PACKAGE)}: {match[0]}"
        for file in PACKAGE.rglob("*.py")
        for match in own.finditer(file.read_text(encoding="utf-8"))
    }
    assert found == set()
