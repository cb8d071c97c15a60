"""Read lists of files: find the files of a folder that a list names.

Formats: one name per line; or lines with columns: `id|text` (LJSpeech, VCTK), tab-separated, CSV
with or without a header, JSON objects (NeMo), Kaldi's `id path` and `id text`, fairseq's
`path frames`.
"""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from wavegan.audio.opening import shown
from wavegan.data import list_text
from wavegan.data.names import Names
from wavegan.data.scan import READABLE, UNREADABLE
from wavegan.errors import UserError

SHOWN = 5
LONGEST = 60
"""Most characters of a line that an error quotes."""
SAMPLE = 200
"""Lines that are used to find the column with the names."""
DELIMITERS = ("\t", "|", ";", ",")
WHOLE = frozenset((";", ","))
"""Delimiters that are common in names: they count only if every line has one."""
JSON, BLANK = "json", "blank"
HEADERS = frozenset(
    (
        *("path", "file", "files", "filename", "filepath", "fname", "name", "names", "id", "key"),
        *("wav", "wavs", "wavpath", "wavfile", "wavfilename", "audio", "audiofile", "audiopath"),
        *("audiofilepath", "audiofilename", "audioname", "clip", "clipname", "clipid", "sample"),
        *("samplename", "sampleid", "sound", "soundname", "track", "trackid", "recording"),
        *("utt", "uttid", "utterance", "utteranceid", "fileid", "slicefilename", "segment"),
    )
)
"""Headers of the column with names, without "_", "-" and spaces."""


@dataclass(frozen=True)
class _Column:
    """The column with the name."""

    kind: str
    key: int | str

    def of(self, line: str) -> str:
        """The text of the column in a line, or ""."""
        return _fields(line, self.kind).get(self.key, "")


@dataclass
class _Found:
    """The meaning of the lines: files in order, lines without a file, an ambiguous line."""

    paths: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    ambiguous: tuple[str, list[str]] | None = None


def files_of(file: Path, called: str, root: Path, paths: Sequence[str]) -> list[str]:
    """The files that a list names, each once, in the order of the list.

    If a file has the whole line as its name, the line means this file. For other lines the
    delimiter and column are used with which most lines name a file. Blank lines, a header row and
    lines that begin with "#" are skipped, the latter two unless a file has such a name.

    Args:
        file: the list.
        called: the field or option that gave the list, for errors.
        root: the folder of the files.
        paths: the files, relative to the folder.

    Raises:
        UserError: the list cannot be read or is empty; a line names no file, or may mean several.
    """
    lines = _lines(file, called)
    names = Names(root, paths, file.parent)
    found = _meant(lines, names)
    if found.ambiguous:
        line, matches = found.ambiguous
        raise UserError(
            f"{called} {shown(file)}: {some([line.strip()])!r} is ambiguous, it may be "
            f"{some(matches)}: write the path relative to the folder of audio"
        )
    if found.unknown:
        raise UserError(f"{called} {shown(file)} {_unknown(found, names)}")
    if not found.paths:
        raise UserError(f"{called} {shown(file)}: it has no names: write one name per line")
    return list(found.paths)


def _meant(lines: Sequence[str], names: Names) -> _Found:
    """Find the file of each line, by the whole line or by its column."""
    whole = [_as_a_whole(line, names) for line in lines]
    left = [line for line, matches in zip(lines, whole, strict=True) if not matches]
    column = _column(left, lines, names)
    found = _Found()
    for number, line in enumerate(lines):
        matches = whole[number] or (_in_column(line, column, names) if column else [])
        if len(matches) > 1:
            found.ambiguous = found.ambiguous or (line, matches)
        elif matches:
            found.paths[matches[0]] = None
        elif not (line.lstrip().startswith("#") or (number == 0 and _is_header(line, column))):
            name = column.of(line) if column else ""
            found.unknown[name or line.partition("|")[0].strip()] = None
    return found


def some(names: Sequence[str]) -> str:
    """Name the first few and count the rest."""
    cut = [name if len(name) <= LONGEST else f"{name[:LONGEST]}…" for name in names[:SHOWN]]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(shown, cut)) + more


def _lines(file: Path, called: str) -> list[str]:
    """The lines that are not blank; a JSON array gives one line per entry."""
    lines = [line for line in list_text.lines(file, called) if line.strip()]
    first = lines[0].strip() if lines else ""
    if os.path.isabs(first) and os.path.isdir(first):  # fairseq begins with the folder
        return lines[1:]
    if not first.startswith("["):
        return lines
    try:
        content = json.loads("\n".join(lines))
    except ValueError:
        return lines
    entries = [each if isinstance(each, str) else json.dumps(each) for each in content]
    return [entry for entry in entries if entry.strip()]


def _as_a_whole(line: str, names: Names) -> list[str]:
    """Files with the whole line as name: a name may contain a delimiter or a space."""
    stripped = line.strip()
    for text in dict.fromkeys((line, stripped, stripped.strip("\"'"))):
        if found := names.find(text):
            return found
    return []


def _in_column(line: str, column: _Column, names: Names) -> list[str]:
    name = column.of(line)
    # "kick, hard.wav" is the name of a missing file, not a line with a column "kick"
    cut = _is_audio(line) and not _is_audio(name)
    return names.find(name) if name and not cut else []


def _is_audio(text: str) -> bool:
    return PurePosixPath(text.strip()).suffix.lower() in READABLE | UNREADABLE


def _column(left: Sequence[str], lines: Sequence[str], names: Names) -> _Column | None:
    """The column that holds a name in most of the lines that are not names themselves."""
    entries = [line for line in lines if not line.lstrip().startswith("#")]
    kinds = [
        kind
        for kind in (JSON, *DELIMITERS, BLANK)
        if kind not in WHOLE or all(kind in line for line in entries)
    ]
    hits: Counter[_Column] = Counter()
    for line in left[:SAMPLE]:
        for column in _columns(line, kinds):
            hits[column] += bool(_in_column(line, column, names))
    ranked = sorted(hits, key=lambda column: -hits[column])  # the first one wins a tie
    return next((c for c in ranked if hits[c] and _is_sure(c, entries, names)), None)


def _is_sure(column: _Column, entries: Sequence[str], names: Names) -> bool:
    """Whether names may be split at a space: file names often contain spaces."""
    if column.kind != BLANK:
        return True
    cut = [column.of(line) for line in entries[:SAMPLE]]
    if column.key == 1:
        return all("/" in name for name in cut)
    found = all(_in_column(line, column, names) for line in entries[:SAMPLE])
    return all(map(_is_audio, cut)) or (found and len(set(cut)) == len(cut))


def _columns(line: str, kinds: Sequence[str]) -> Iterator[_Column]:
    for kind in kinds:
        for key in _fields(line, kind):
            yield _Column(kind, key)


def _fields(line: str, kind: str) -> Mapping[int | str, str]:
    """Split a line into fields; empty if it is not of this kind."""
    text = line.strip()
    if kind == JSON:
        return _json_fields(text)
    if kind == BLANK:
        fields = text.split(None, 1)
        return dict(enumerate(fields)) if len(fields) == 2 else {}
    if kind not in text:
        return {}
    try:
        row = next(csv.reader([text], delimiter=kind, skipinitialspace=True))
    except (csv.Error, StopIteration):
        row = text.split(kind)
    return {place: cell.strip() for place, cell in enumerate(row)}


def _json_fields(text: str) -> Mapping[int | str, str]:
    if not text.startswith("{"):
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return {key: value for key, value in content.items() if isinstance(value, str)}


def _is_header(line: str, column: _Column | None) -> bool:
    """Whether a first line is a header row."""
    name = (column.of(line) if column else line).strip().strip("\"'").lower()
    return name.translate(str.maketrans("", "", "_- ")) in HEADERS


def _unknown(found: _Found, names: Names) -> str:
    """The problem text: which lines name no file, and where files were searched."""
    unknown = list(found.unknown)
    there = next((file for text in unknown if (file := names.outside(text))), None)
    hint = f" ({shown(there)} exists, but is not usable audio of that folder)" if there else ""
    if any("\udc80" <= character <= "\udcff" for text in unknown for character in text):
        hint += "; the list is not UTF-8: save it as UTF-8"
    if found.paths:
        return (
            f"names {some(unknown)}, not found under {names.root}{hint}: correct or remove these "
            "lines"
        )
    return (
        f"names no file of {names.root}: searched {some(unknown)} as path, name and stem below it, "
        f"and as path from {shown(names.beside.absolute())} and {shown(Path.cwd())}{hint}: write "
        "one name per line"
    )
