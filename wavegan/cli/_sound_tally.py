"""Count and report generated clips that were scaled, clipped, drawn again or left out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from wavegan.cli._draws import Clip
from wavegan.counted import counted
from wavegan.errors import RunError, UserError

NAMED = 6
"""Names of files per line."""
LOOPS = (
    "a hit cannot loop: generate it without --loop and repeat it in a sequencer, or give another "
    "--label"
)
TAILS = ", or use --peak 0.9 to allow loops of faint tails"
OTHERS = "give another --seed, a lower --truncation or another --label"


@dataclass
class Tally:
    """Names of files by what was done to their clips.

    Attributes:
        written: number of files written.
        again: files drawn more than once.
        scaled: files scaled down from above full scale.
        loudest: the highest peak among these.
        clipped: samples clipped at full scale, over all files.
        short: files that are silent for more than half of their length.
        left_out: files that were not written, with the reason.
        draws: number of draws of the last of these.
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
        """Count an unusable clip."""
        self.left_out[name], self.draws = clip.why or "", clip.draws

    def lines(self) -> list[str]:
        """One line for each kind of change that happened."""
        of, lines = f"of {counted(self.written, 'clip')}", []
        if self.again:
            lines.append(
                f"{len(self.again)} {of} could not be used at first and were drawn again: "
                f"{named(self.again)}"
            )
        if self.scaled:
            lines.append(
                f"{len(self.scaled)} {of} peaked above full scale (up to "
                f"{20 * math.log10(self.loudest):+.1f} dBFS) and were scaled down to -1 dBFS: "
                f"{named(self.scaled)}; --peak 0.9 scales all clips to one peak, --peak none clips "
                "them, --subtype float keeps them as generated"
            )
        if self.clipped:
            lines.append(
                f"{counted(self.clipped, 'sample')} above full scale clipped; --subtype float "
                "keeps them, --peak 0.9 scales the clips"
            )
        if self.short:
            lines.append(
                f"{len(self.short)} {of} die away and are silent for more than half of their "
                f"length: {named(self.short)}; for hits, generate short clips and arrange them in "
                "a sequencer"
            )
        return lines

    def check(self, *, loop: bool, leveled: bool) -> None:
        """Fail if requested clips are missing.

        Args:
            loop: loops were requested.
            leveled: a peak was requested.

        Raises:
            UserError: loops were requested, and there are none.
            RunError: some clips are missing, or all are silent.
        """
        if not self.left_out:
            return
        count, names = len(self.left_out), named(list(self.left_out))
        first, why = next(iter(self.left_out.items()))
        reason = f"{why}; drawn {counted(self.draws, 'time')}" if self.draws > 1 else why
        advice = LOOPS + ("" if leveled else TAILS) if loop else OTHERS
        if loop and not self.written:
            raise UserError(
                f"--loop: none of {counted(count, 'clip')} makes a loop: {first} is {reason}; "
                f"{advice}"
            )
        if not self.written:
            raise RunError(
                f"{'the clip is' if count == 1 else f'all {count} clips are'} {reason}: no file "
                "was written; training has collapsed or just started, or the training clips were "
                "silent: listen to samples/ of the run, and give another checkpoint or --label"
            )
        were = "was" if count == 1 else "were"
        raise RunError(
            f"{count} of {counted(count + self.written, 'clip')} {were} not written: {names} (the "
            f"first is {reason}); {advice}"
        )


def named(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
