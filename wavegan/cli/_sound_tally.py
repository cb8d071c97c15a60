"""What became of the clips of one call: changed, drawn again, left out, each kind in a line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from wavegan.cli._draws import Clip
from wavegan.counted import counted
from wavegan.errors import RunError, UserError

NAMED = 6
"""Files that a line names."""
LOOPS = (
    "a hit has no loop: make it without --loop and repeat it in a sequencer, or give another "
    "--label"
)
TAILS = ", or --peak 0.9 for loops of faint tails"
OTHERS = "give another --seed, a lower --truncation or another --label"


@dataclass
class Tally:
    """Names of files, by what was done to their clips.

    Attributes:
        written: how many files there are.
        again: drawn more than once.
        scaled: brought down from above full scale.
        loudest: the highest peak among them.
        clipped: samples cut off at full scale, of all files.
        short: silent after their beginning.
        left_out: not written, and why.
        draws: how often the last of these was drawn.
    """

    written: int = 0
    again: list[str] = field(default_factory=list)
    scaled: list[str] = field(default_factory=list)
    loudest: float = 0.0
    clipped: int = 0
    short: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    draws: int = 1

    def leave_out(self, name: str, clip: Clip) -> None:
        """Note a clip that cannot be used."""
        self.left_out[name], self.draws = clip.why or "", clip.draws

    def lines(self) -> list[str]:
        """A line for each kind of thing that was done."""
        of, told = f"of {counted(self.written, 'clip')}", []
        if self.again:
            told.append(
                f"{len(self.again)} {of} could not be used at first and were drawn again: "
                f"{named(self.again)}"
            )
        if self.scaled:
            told.append(
                f"{len(self.scaled)} {of} peaked above full scale (up to "
                f"{20 * math.log10(self.loudest):+.1f} dBFS) and were scaled down to -1 dBFS, each "
                f"by itself: {named(self.scaled)}; --peak 0.9 gives all of them one peak, --peak "
                "none clips, --subtype float keeps all as made"
            )
        if self.clipped:
            told.append(
                f"{counted(self.clipped, 'sample')} above full scale clipped; --subtype float "
                "keeps them, --peak 0.9 scales the clips"
            )
        if self.short:
            told.append(
                f"{len(self.short)} {of} die away and are silent for more than half of their "
                f"length: {named(self.short)}; make short clips of hits, and put them in a row "
                "yourself"
            )
        return told

    def check(self, *, loop: bool, leveled: bool) -> None:
        """End the command where clips that were asked for are missing.

        Args:
            loop: they were to be loops.
            leveled: a peak was asked for.

        Raises:
            UserError: loops were asked for, and there are none.
            RunError: some clips are missing, or all are silent.
        """
        if not self.left_out:
            return
        count, names = len(self.left_out), named(list(self.left_out))
        first, why = next(iter(self.left_out.items()))
        told = f"{why}; drawn {counted(self.draws, 'time')}" if self.draws > 1 else why
        advice = LOOPS + ("" if leveled else TAILS) if loop else OTHERS
        if loop and not self.written:
            raise UserError(
                f"--loop: none of {counted(count, 'clip')} makes a loop: {first} is {told}; "
                f"{advice}"
            )
        if not self.written:
            raise RunError(
                f"{'the clip is' if count == 1 else f'all {count} clips are'} {told}: no file was "
                "written; training has collapsed or hardly begun, or its clips were silent: "
                "listen to samples/ of the run, and give another checkpoint or --label"
            )
        were = "was" if count == 1 else "were"
        raise RunError(
            f"{count} of {counted(count + self.written, 'clip')} {were} not written: {names} (the "
            f"first is {told}); {advice}"
        )


def named(names: Sequence[str]) -> str:
    """A few of the names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
