"""Find the generator's weights in a trainer's checkpoint.

Trainers nest state dicts under keys (`state_dict`, `model`, `generator`, `ema`) and add prefixes
to names (`module.`, `_orig_mod.`, `net_g.`). Both are treated as a prefix here. A layout has
patterns for the names of its generator's weights (anchors), and the generator is where they match.
So no kind of wrapping needs its own code, and other contents of a file are ignored.
"""

import json
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wavegan import file_kinds
from wavegan.errors import UserError
from wavegan.interop import _pickles
from wavegan.interop._files import SUFFIXES, several

Anchors = Sequence[str]
"""Regular expressions for the beginning of weight names, one per part of a generator."""

_MOST = 200
"""Most mappings to search in a file, nested in the worst case; those of trainers have a few."""
_SHOWN = 4
_INSIDE = re.compile(r"(?:(?<=[./])|^)(?:_orig_mod|_(?:fsdp|checkpoint)_wrapped_module)\.")
"""What torch inserts between the parts of a name."""
_OF_DISCRIMINATORS = re.compile(
    r"(?:.*[./])?(?:(?:\w*_)?(?:mpd|msd|mrd|mbd|mssbcqtd|netd|net_d|model_d)|\w*disc(?:s|riminators?)?(?:_\d+)?)[./]"
    r".*",
    re.IGNORECASE,
)
_OTHERS = re.compile(rf"{_OF_DISCRIMINATORS.pattern}|\w*_loss\..+|n_averaged", re.IGNORECASE)
"""Other names in the state dict of a generator: discriminators, losses, counters."""
_WEIGHT = re.compile(r"\w[\w./]*\.(?:weight|bias|weight_[gv]|original[01])")
_DISCRIMINATORS_FILE = re.compile(r"(?:do|D|netD|disc\w*)(?:_|\.|$)")
_AVERAGED = re.compile(r"(?:^|[._/])(?:ema|averaged?|avg|swa|shadow)(?:$|[._/])", re.IGNORECASE)


def generator(content: Any, file: Path, anchors: Anchors) -> dict[str, Tensor]:
    """The state dict of the generator in the content of a file.

    If there are two, the averaged one is used, with a warning.

    Args:
        content: result of `_files.contents`.
        file: the file, for messages.
        anchors: patterns for its names.

    Raises:
        UserError: there is no generator, or several without an averaged one.
    """
    tensors = dict(_tensors(content, set()))
    counts = {place: len(found) for place, found in _places(tensors, anchors).items()}
    counts = {place: n for place, n in counts.items() if not _OF_DISCRIMINATORS.fullmatch(place)}
    most = max(counts.values(), default=0)
    if 2 * most <= len(anchors):
        if not tensors or of_discriminators(tensors) or any("/" in key for key in tensors):
            raise _nothing(list(tensors), content, file, anchors)
        return tensors  # a bare state dict: loading it names missing and unexpected weights
    best = [place for place, count in counts.items() if count == most]
    return _chosen({place: _below(place, tensors) for place in best}, file)


def matches(file: Path, anchors: Anchors) -> bool:
    """Whether a file has weight names for all anchors, wrapped or not; reads no weights.

    Results are cached until the file changes, as every layout calls this.
    """
    return any(len(found) == len(anchors) for found in _places(names(file), anchors).values())


def holding(path: Path, anchors: Anchors) -> list[Path]:
    """The files at a path (a file or a folder) that match all anchors."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in files if file.suffix in SUFFIXES and file.is_file()]
    return [file for file in files if matches(file, anchors)]


def only(path: Path, anchors: Anchors) -> Path | None:
    """The only file at a path that matches all anchors; None if there is none.

    Raises:
        UserError: a folder has several such files.
    """
    files = holding(path, anchors)
    if len(files) > 1:
        raise several(path, files)
    return files[0] if files else None


def names(file: Path) -> frozenset[str]:
    """The names of weights and all other strings in a file; empty for other kinds of files."""
    try:
        status = file.stat()
        return _names(file, status.st_mtime_ns, status.st_size)
    except OSError:
        return frozenset()


def weight_names(file: Path) -> list[str]:
    """The strings of a file that look like names of weights, sorted."""
    return sorted(name for name in names(file) if _WEIGHT.fullmatch(name))


def refuse_discriminators(file: Path) -> None:
    """Refuse a file that no layout knows because it has only discriminators.

    Raises:
        UserError: the message has some of its weights.
    """
    inside = weight_names(file)
    outside = _DISCRIMINATORS_FILE.match(file.name) or names(file) & {"mpd", "msd", "model_d"}
    if of_discriminators(inside) or (inside and outside):
        raise _discriminators(inside, file)


def of_discriminators(texts: Iterable[str]) -> bool:
    """Whether any of the names belongs to a discriminator."""
    return any(_OF_DISCRIMINATORS.fullmatch(text) for text in texts)


def listed(keys: Sequence[str]) -> str:
    """The first few keys, made printable, as they are untrusted."""
    clean = ["".join(filter(str.isprintable, _shown(key)))[:50] for key in keys[:_SHOWN]]
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(clean) + more


@lru_cache(maxsize=32)
def _names(file: Path, _changed: int, _size: int) -> frozenset[str]:
    texts: Iterable[str]
    if file_kinds.is_safetensors(file):
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            try:
                header = json.loads(stream.read(length))
            except (ValueError, RecursionError):
                return frozenset()
        texts = header if isinstance(header, dict) else ()
    else:
        texts = _pickles.texts(file)
    return frozenset(_INSIDE.sub("", text) for text in texts)


def _tensors(content: Any, seen: set[int], place: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors of nested mappings, each mapping once, as `outer/inner/name.of.weight`."""
    if not isinstance(content, Mapping) or id(content) in seen or len(seen) > _MOST:
        return
    seen.add(id(content))
    for key, value in content.items():
        if isinstance(value, Tensor):
            yield _INSIDE.sub("", f"{place}{key}"), value
        else:
            yield from _tensors(value, seen, f"{place}{key}/")


def _places(texts: Iterable[str], anchors: Anchors) -> dict[str, set[str]]:
    """The prefixes of anchors, and the anchors found at each."""
    found: dict[str, set[str]] = defaultdict(set)
    patterns = [(anchor, re.compile(rf"(?:^|(?<=[./])){anchor}")) for anchor in anchors]
    for text in texts:
        for anchor, pattern in patterns:
            for match in pattern.finditer(text):
                found[text[: match.start()]].add(anchor)
    return found


def _below(place: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    inner = {key[len(place) :]: value for key, value in tensors.items() if key.startswith(place)}
    return {key: v for key, v in inner.items() if "/" not in key and not _OTHERS.fullmatch(key)}


def _chosen(found: Mapping[str, dict[str, Tensor]], file: Path) -> dict[str, Tensor]:
    """The only generator, or the averaged one of several."""
    (first, weights), *others = found.items()
    if all(_same(weights, other) for _, other in others):
        return weights
    shown = ", ".join(_shown(place) for place in sorted(found))
    averaged = [place for place in found if _AVERAGED.search(place)]
    if len(averaged) != 1:
        raise UserError(
            f"it has several generators ({shown}): save the state dict of only one", at=file
        )
    first = averaged[0]
    warnings.warn(
        f"{file}: it has several generators ({shown}): using the averaged one, {_shown(first)}",
        RuntimeWarning,
        stacklevel=2,
    )
    return found[first]


def _same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def _shown(place: str) -> str:
    return place.replace("/", ".").strip(".") or "the top level"


def _nothing(keys: list[str], content: Any, file: Path, anchors: Anchors) -> UserError:
    if of_discriminators(keys):
        return _discriminators(keys, file)
    expected = ", ".join(anchor.split("\\")[0] + ".*" for anchor in anchors)
    there = keys or [str(key) for key in content] if isinstance(content, Mapping) else []
    return UserError(
        f"it has no 'generator'; found {listed(there) or type(content).__name__}, expected "
        f"weights {expected}",
        at=file,
    )


def _discriminators(keys: Sequence[str], file: Path) -> UserError:
    return UserError(
        f"it has weights of discriminators ({listed(keys)}), but no generator: give the "
        "generator's file (g_*, G_*, netG)",
        at=file,
    )
