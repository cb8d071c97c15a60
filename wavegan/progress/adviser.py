"""Print the verdict of a run during training: when it changes, and at the end."""

from collections.abc import Callable
from pathlib import Path

from wavegan.progress.history import History
from wavegan.progress.verdict import RunVerdict, run_verdict


class Adviser:
    """Prints the verdict of a run's folder whenever there is something new.

    A hundred validations with "continue, falling" print it once. `wavegan status` prints the
    paragraph at any time.

    Args:
        run: the run's folder.
        note: called with the paragraph.

    Attributes:
        last: the last verdict, or None.
    """

    def __init__(self, run: Path, note: Callable[[str], None]) -> None:
        self.run, self.note = run, note
        self.last: RunVerdict | None = None
        self._printed = ("", "")
        self._text = ""

    def report(self, final: bool = False) -> None:
        """Compute the verdict; print it if advice or trend changed, or at the end.

        An error in here must not end the run, so it is only printed.
        """
        try:
            self.last = run_verdict(History.read(self.run))
        except Exception as error:
            self.note(f"no verdict: {' '.join(str(error).split())}")
            return
        trend: str = self.last.trend
        if trend == "unknown" and self._printed[1]:  # a trend that gets unclear is no news
            trend = self._printed[1]
        current = (self.last.action, trend)
        if current != self._printed or (final and self.last.text != self._text):
            self.note(self.last.text)
            self._printed, self._text = current, self.last.text
