"""Read and check the result files of listeners, and select those of one test."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wavegan.audio.opening import shown
from wavegan.errors import UserError
from wavegan.listening.plan import LONGEST_TITLE, MOST_ANSWERS, MOST_CONDITIONS
from wavegan.readable import escaped

FORMAT = "wavegan listening results"
LARGEST = 8_000_000
"""Bytes; more than any listener's results."""
Name = Annotated[str, Field(max_length=1000)]
"""A system (folder), clip or person; a path may be long."""
Comment = Annotated[str, Field(max_length=20_000)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Condition(_Part):
    """A compared condition: a system, the reference or an anchor."""

    name: Name
    role: Literal["system", "reference", "anchor"]


class Test(_Part):
    """The test that a page was made for."""

    __test__ = False

    id: Name
    kind: Literal["mushra", "abx"]
    title: Annotated[str, Field(max_length=LONGEST_TITLE)]
    trials: Count
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=MOST_CONDITIONS)]

    def agrees(self, other: "Test") -> bool:
        """Whether its answers can be combined with those of another."""
        return (self.kind, self.conditions) == (other.kind, other.conditions)


class Listener(_Part):
    """The listener; `session` is a random number from the page."""

    name: Name
    session: Name


class Rating(_Part):
    """A rating of 0 to 100 for a condition; None if it was not rated."""

    condition: Name
    rating: Annotated[float, Field(ge=0, le=100)] | None


class Trial(_Part):
    """One trial: ratings (MUSHRA), or what A, B and X were and the answer (ABX)."""

    trial: Count
    clip: Name
    done: bool
    comment: Comment = ""
    ratings: Annotated[list[Rating], Field(max_length=MOST_CONDITIONS)] = []
    a: Name | None = None
    b: Name | None = None
    x: Name | None = None
    answer: Name | None = None


class Result(_Part):
    """One listener's file."""

    format: Literal["wavegan listening results"]
    version: Literal[1]
    test: Test
    listener: Listener
    saved: Name
    comment: Comment = ""
    trials: Annotated[list[Trial], Field(max_length=MOST_ANSWERS)]

    @property
    def answered(self) -> int:
        """Number of finished trials."""
        return sum(trial.done for trial in self.trials)


@dataclass(frozen=True)
class Refused:
    """An unused file and the reason."""

    file: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """Results of one test, one for each listener, and the unused files."""

    test: Test
    results: tuple[Result, ...]
    refused: tuple[Refused, ...]

    def comments(self) -> list[dict[str, str]]:
        """Comments of listeners about a clip, or about the whole test (clip "")."""
        found = [
            {"listener": result.listener.name, "clip": clip, "text": " ".join(text.split())}
            for result in self.results
            for clip, text in (
                *((trial.clip, trial.comment) for trial in result.trials),
                ("", result.comment),
            )
        ]
        return [comment for comment in found if comment["text"]]


def collect(paths: Sequence[Path]) -> Collected:
    """Read files, and the `.json` files of folders at any depth.

    If there are several tests, the one with the most files is used. If a listener has several
    files, the one with the most finished trials counts; of equal ones, the latest of the same
    session, but the first of different sessions.

    Raises:
        UserError: a path does not exist, or no file is usable.
    """
    refused: list[Refused] = []
    read: dict[str, Result] = {}
    for file in _files(paths):
        try:
            read[shown(file)] = _read(file)
        except UserError as error:
            refused.append(Refused(shown(file), str(error)))
    if not read:
        reasons = "; ".join(f"{r.file}: {r.reason}" for r in refused[:3]) or "no .json files"
        raise UserError(f"no results in {', '.join(map(str, paths[:3]))}: {reasons}")
    test = Counter(result.test.id for result in read.values()).most_common(1)[0][0]
    kept = _one_per_listener(_of_test(read, test, refused), refused)
    return Collected(next(iter(kept.values())).test, tuple(kept.values()), tuple(refused))


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(f for f in path.rglob("*.json") if f.is_file())
        elif path.exists():
            files.append(path)
        else:
            raise UserError(f"{path}: it does not exist; give result files or a folder of them")
    return list({file.resolve(): file for file in files}.values())


def _read(file: Path) -> Result:
    if not file.is_file():
        raise UserError("not a regular file")
    try:
        size, text = file.stat().st_size, ""
        if size <= LARGEST:
            text = file.read_text(encoding="utf-8")
        content = json.loads(text) if text else None
    except OSError as error:
        raise UserError(f"it cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise UserError("damaged or truncated: not JSON; ask the listener to save again") from None
    if size > LARGEST:
        raise UserError(f"too large for results of a listener ({size / 1e6:.0f} MB)")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError("not results of a listening test")
    try:
        result = Result.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = escaped(".".join(map(str, first["loc"])))[:100]
        raise UserError(f"damaged: {where}: {first['msg']}") from None
    _check(result)
    return result


def _check(result: Result) -> None:
    """Refuse results that the page cannot have written."""
    listed = [condition.name for condition in result.test.conditions]
    names = set(listed)
    if len(names) < len(listed):
        raise UserError("damaged: test.conditions: a condition occurs twice")
    if (answers := sum(max(1, len(trial.ratings)) for trial in result.trials)) > MOST_ANSWERS:
        raise UserError(f"damaged: trials: {answers:,} answers; the maximum is {MOST_ANSWERS:,}")
    numbers = [trial.trial for trial in result.trials]
    if len(set(numbers)) < len(numbers):
        raise UserError("damaged: a trial occurs twice")
    for trial in result.trials:
        rated = [rating.condition for rating in trial.ratings]
        if len(set(rated)) < len(rated):
            raise UserError(f"damaged: trial {trial.trial} rates a condition twice")
        rated += [name for name in (trial.a, trial.b, trial.x, trial.answer) if name is not None]
        foreign = sorted(set(rated) - names)
        if foreign:
            raise UserError(
                f"damaged: trial {trial.trial} names {foreign[0][:100]!r}, which is not in the test"
            )
    if not result.answered:
        raise UserError("no trial is finished")


def _of_test(read: dict[str, Result], test: str, refused: list[Refused]) -> dict[str, Result]:
    kept: dict[str, Result] = {}
    for file, result in read.items():
        first = next(iter(kept.values()), result)
        if result.test.id == test and not result.test.agrees(first.test):
            reason = f"damaged: it has the test id of {next(iter(kept))} but another test"
            refused.append(Refused(file, reason))
        elif result.test.id == test:
            kept[file] = result
        else:
            other = f"from another test, {result.test.title!r} ({result.test.id})"
            refused.append(Refused(file, f"{other}; score it separately"))
    return kept


def _one_per_listener(read: dict[str, Result], refused: list[Refused]) -> dict[str, Result]:
    kept: dict[str, tuple[str, Result]] = {}
    for file, result in sorted(read.items(), key=lambda item: item[1].saved):
        name = result.listener.name.strip().casefold()
        if name not in kept:
            kept[name] = file, result
            continue
        other, known = kept[name]
        again = result.listener.session == known.listener.session
        better = result.answered - known.answered + (0.5 if again else -0.5) > 0
        loser, winner = (other, file) if better else (file, other)
        reason = f"{result.listener.name!r} is also in {winner}, which is used"
        refused.append(Refused(loser, reason))
        if better:
            kept[name] = file, result
    return dict(kept.values())
