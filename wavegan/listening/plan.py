"""The options of a listening test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wavegan.errors import UserError, suggest

TESTS = ("mushra", "abx")
LONGEST_TITLE = 80
MOST_CONDITIONS = 30
"""Of a test, including reference and anchors; BS.1534 asks for at most 12 in a trial."""
MOST_ANSWERS = 5000
"""Ratings or ABX trials of one listener: days of listening."""


@dataclass(frozen=True, kw_only=True)
class ListeningTest:
    """A test's options.

    Attributes:
        reference: folder of the originals. A MUSHRA test without it has no hidden reference and
            no anchors; an ABX test with it compares each system with it instead of each pair.
        test: "mushra" or "abx".
        clips: maximum number, spread over the sorted names.
        trials: for each listener and pair, in ABX.
        seed: draws clips and file names.
        anchors: whether MUSHRA gets low-pass filtered references.
        match_loudness: bring all clips to the reference's loudness.
        title: shown to listeners.
        seconds: longer clips are cut.
        embed: one file (True) or a separate audio folder (False); None decides by size.

    Raises:
        UserError: an option is out of its range.
    """

    reference: Path | None = None
    test: str = "mushra"
    clips: int = 8
    trials: int = 16
    seed: int = 0
    anchors: bool = True
    match_loudness: bool = True
    title: str = "Listening test"
    seconds: float = 12.0
    embed: bool | None = None

    def __post_init__(self) -> None:
        if self.test not in TESTS:
            raise UserError(f"--test {self.test}: unknown test{suggest(self.test, TESTS)}")
        if self.clips < 1:
            raise UserError(f"--clips {self.clips}: give 1 or more")
        if not 1 <= self.trials <= 200:
            raise UserError(f"--trials {self.trials}: give 1 to 200 for each pair")
        if not 0.5 <= self.seconds <= 60:
            raise UserError(f"--seconds {self.seconds:g}: give 0.5 to 60")
        if not self.title.strip() or len(self.title) > LONGEST_TITLE:
            raise UserError(f"--title: give 1 to {LONGEST_TITLE} characters")

    @property
    def filtered(self) -> bool:
        """Whether the test has anchors."""
        return self.anchors and self.test == "mushra" and self.reference is not None

    def check(self, systems: Sequence[Path]) -> None:
        """Check the number of systems.

        Raises:
            UserError: there are too few or too many systems, or too many answers.
        """
        if not systems:
            raise UserError("name the folders of the systems to compare")
        if self.reference is None and len(systems) < 2:
            raise UserError(
                f"{systems[0]}: a single system; add another one, or its originals with --reference"
            )
        conditions = len(systems) + (self.reference is not None) + (2 if self.filtered else 0)
        if conditions > MOST_CONDITIONS:
            raise UserError(
                f"{conditions} conditions ({len(systems)} systems, the reference and anchors): "
                f"the maximum is {MOST_CONDITIONS}; name fewer folders"
            )
        pairs = len(systems) if self.reference else math.comb(len(systems), 2)
        answers = self.trials * pairs if self.test == "abx" else self.clips * conditions
        if answers > MOST_ANSWERS:
            option = "--trials" if self.test == "abx" else "--clips"
            raise UserError(
                f"{answers:,} answers for each listener; the maximum is {MOST_ANSWERS:,}: lower "
                f"{option}, or name fewer folders"
            )
