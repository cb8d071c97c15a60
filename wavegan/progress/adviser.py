"""The verdict of a run, told while it trains: when it changes, and at the end."""

from collections.abc import Callable
from pathlib import Path

from wavegan.progress.history import History
from wavegan.progress.verdict import RunVerdict, judge


class Adviser:
    """Judges the run's folder and tells of it, no oftener than there is something new.

    A hundred validations that all say "continue, falling" are told once; whoever wants the whole
    paragraph at any time asks `wavegan status`.

    Args:
        run: the run's folder.
        note: is given the paragraph.

    Attributes:
        last: the last verdict, or None.
    """

    def __init__(self, run: Path, note: Callable[[str], None]) -> None:
        self.run, self.note = run, note
        self.last: RunVerdict | None = None
        self._told = ("", "")
        self._text = ""

    def tell(self, final: bool = False) -> None:
        """Judge and, if the advice or the trend is a new one or it is the end, say so.

        Advice is no reason for a run to end: what goes wrong here is only said.
        """
        try:
            self.last = judge(History.read(self.run))
        except Exception as error:
            self.note(f"no verdict: {' '.join(str(error).split())}")
            return
        trend: str = self.last.trend
        if trend == "unknown" and self._told[1]:  # a trend is not news for being less clear
            trend = self._told[1]
        told = (self.last.action, trend)
        if told != self._told or (final and self.last.text != self._text):
            self.note(self.last.text)
            self._told, self._text = told, self.last.text
