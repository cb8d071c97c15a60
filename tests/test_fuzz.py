"""Mutated untrusted files: each reader answers, or refuses in one line, within bounds."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

COUNT = 60
"""Inputs of each kind; `benchmarks/faults/fuzz.py` tries them for minutes."""
KINDS = (
    *("wav", "flac", "ogg", "mp3", "aiff", "npy", "npz", "pt"),
    *("result", "evaluation", "list", "word"),
)


@pytest.fixture(scope="module")
def fuzz(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("faults/fuzz")


def test_every_reader_is_tried(fuzz: ModuleType) -> None:
    assert set(fuzz.READERS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_mutated_files_are_read_or_refused(fuzz: ModuleType, tmp_path: Path, kind: str) -> None:
    reader, file = fuzz.READERS[kind], tmp_path / f"input{fuzz.READERS[kind].suffix}"
    assert {fuzz.outcome(reader, file, whole) for whole in reader.seeds()} == {"read"}
    found = {fuzz.outcome(reader, file, data) for data in islice(fuzz.inputs(reader, 7), COUNT)}
    assert found <= {"read", "refused"}
