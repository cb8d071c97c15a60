"""Parse the arguments of `wavegan evaluate`: names of systems, limits, lists of clips."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wavegan.errors import UserError, suggest


@dataclass(frozen=True)
class Limit:
    """A mean that must not be above (or below) a value."""

    key: str
    value: float
    above: bool

    @property
    def word(self) -> str:
        """The side of the limit that fails: "above" or "below"."""
        return "above" if self.above else "below"

    def broken(self, mean: float) -> bool:
        """Whether a mean breaks it; NaN does."""
        return not (mean <= self.value if self.above else mean >= self.value)


def limits(above: Sequence[str], below: Sequence[str]) -> list[Limit]:
    """Read `KEY=VALUE` words.

    Raises:
        UserError: not KEY=VALUE, or the value is not a number.
    """
    return [*_limits("--fail-above", above, True), *_limits("--fail-below", below, False)]


def _limits(option: str, words: Sequence[str], above: bool) -> Iterator[Limit]:
    for word in words:
        # a key may be package.module:Class, never with a "=" in it
        key, _, text = word.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not key or math.isnan(value):
            raise UserError(f"{option} {word}: give KEY=VALUE, such as log_mel_l1=0.3")
        yield Limit(key.strip(), value, above)


def check_limits(wanted: Sequence[Limit], keys: Sequence[str]) -> None:
    """Refuse limits on metrics that are not measured.

    Raises:
        UserError: names the metric and suggests the nearest one that is measured.
    """
    for limit in wanted:
        if limit.key not in keys:
            option = "--fail-above" if limit.above else "--fail-below"
            raise UserError(
                f"{option} {limit.key}: this metric is not measured{suggest(limit.key, keys)}"
            )


def broken(
    wanted: Sequence[Limit], means: Mapping[str, Mapping[str, float]]
) -> Iterator[tuple[str, Limit, float]]:
    """Yield (system, limit, mean) for each mean that breaks a limit; `means`: system, metric."""
    for limit in wanted:
        for system, found in means.items():
            if limit.broken(found[limit.key]):
                yield system, limit, found[limit.key]


def names(paths: Sequence[Path]) -> list[str]:
    """Names of systems: the last part of each path, or the whole path where two would be equal.

    Raises:
        UserError: a path is given twice.
    """
    last = [path.resolve().name for path in paths]
    for path in paths:
        if [each.resolve() for each in paths].count(path.resolve()) > 1:
            raise UserError(f"{path}: given twice")
    return [
        name if last.count(name) == 1 else str(path) for path, name in zip(paths, last, strict=True)
    ]


def clip_list(file: Path | None, reference: Path) -> list[str] | None:
    """Read a list of clips: their paths relative to the reference folder, without extension.

    Raises:
        UserError: the list cannot be read, or names a clip that is not there or not usable.
    """
    if file is None:
        return None
    from wavegan.data.audio_listing import listing
    from wavegan.data.file_list import files_of

    if reference.is_file():
        raise UserError(f"--list {file}: {reference} is a single clip: leave out --list")
    found = listing(reference)
    named = {path.relative_to(reference).as_posix(): name for name, path in found.files.items()}
    listed = files_of(file, "--list", reference.resolve(), [*named, *found.reasons])
    for path in listed:
        if path in found.reasons:
            raise UserError(f"--list {file}: {path}: {found.reasons[path]}")
    return [named[path] for path in listed]


def is_model(path: Path) -> bool:
    """Whether a path is a model rather than a folder of clips."""
    from wavegan import bundle

    if not path.exists():
        return False
    try:
        bundle.read(path)
    except UserError:
        return False
    return True
