"""Find the file of a folder that a text means: a path, a file name or a stem."""

import os
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath


class Names:
    """The ways to name the files of a folder, the most exact first.

    A path relative to the folder, with or without extension; an absolute path, or one relative to
    the list, to the working directory, or to a parent folder; a file name; its stem.

    Args:
        root: the folder, resolved.
        paths: its files, relative to it, with "/".
        beside: the folder of the list that the names come from.
    """

    def __init__(self, root: Path, paths: Sequence[str], beside: Path) -> None:
        self.root, self.beside = root, beside
        pure = [PurePosixPath(path) for path in paths]
        self._paths = paths
        self._whole = _keyed(paths, paths)
        bare = [path.removesuffix(p.suffix) for path, p in zip(paths, pure, strict=True)]
        self._bare = _keyed(bare, paths)
        self._name = _keyed([p.name for p in pure], paths)
        self._stem = _keyed([p.stem for p in pure], paths)
        self._bases = ("", str(beside.absolute()), os.getcwd(), *map(str, root.parents))

    def find(self, text: str) -> list[str]:
        """The paths that a text may mean: none, one, or several if it is ambiguous."""
        plain = posixpath.normpath(text.replace("\\", "/")) if text else ""
        # a file name may contain a backslash or a double slash
        for key in (self._whole, self._bare):
            for name in (text, plain):
                if found := _looked_up(key, name):
                    return found
        if found := self._elsewhere(plain):
            return found
        for key in (self._name, self._stem):
            for name in (text, plain):
                if found := _looked_up(key, name):
                    return found
        return []

    def outside(self, text: str) -> Path | None:
        """An existing file that a text names but that is not one of the folder's files."""
        plain = text.replace("\\", "/")
        bases = ("",) if _is_absolute(plain) else (str(self.root), *self._bases[1:])
        for base in bases:
            file = Path(os.path.join(base, os.path.expanduser(plain)))
            try:
                if plain and file.is_file():
                    return file
            except (OSError, ValueError):
                continue
        return None

    def _elsewhere(self, plain: str) -> list[str]:
        """Files of the folder by a path that is not relative to it."""
        last = posixpath.basename(plain)
        known = _looked_up(self._name, last) or _looked_up(self._stem, last)
        # an unknown relative name can be skipped; an absolute one may be the target of a link
        if not plain or not (known or _is_absolute(plain)):
            return []
        for base in self._bases[:1] if _is_absolute(plain) else self._bases[1:]:
            full = os.path.normpath(os.path.join(base, os.path.expanduser(plain)))
            folder, name = os.path.split(full)
            inside = _below(_real(folder), str(self.root))
            if inside is not None:
                path = posixpath.join(inside, name)
                if found := _looked_up(self._whole, path) or _looked_up(self._bare, path):
                    return found
            elif found := self._by_target(full):
                return found
        return []

    def _by_target(self, full: str) -> list[str]:
        """The links in the folder that point to a file."""
        if not os.path.isfile(full):
            return []
        return self._targets.get(os.path.realpath(full), [])

    @cached_property
    def _targets(self) -> Mapping[str, list[str]]:
        """Paths by the target of their link, for targets outside the folder."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            real = os.path.realpath(self.root / path)
            if _below(real, str(self.root)) is None:
                found[real].append(path)
        return found


def _keyed(names: Sequence[str], paths: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, path in zip(names, paths, strict=True):
        found[_composed(name)].append(path)
    return found


def _looked_up(key: Mapping[str, list[str]], name: str) -> list[str]:
    found = key.get(_composed(name), [])
    # two file names may differ only in their Unicode composition
    return [name] if len(found) > 1 and name in found else found


def _composed(name: str) -> str:
    """A name in composed Unicode form; macOS returns decomposed names."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _is_absolute(plain: str) -> bool:
    return os.path.isabs(plain) or plain.startswith("~")


def _below(path: str, root: str) -> str | None:
    """A path relative to a folder, with "/"; None if it is not below the folder."""
    if path == root:
        return ""
    start = root.rstrip(os.sep) + os.sep
    return path.removeprefix(start).replace(os.sep, "/") if path.startswith(start) else None


@lru_cache(maxsize=4096)
def _real(folder: str) -> str:
    return os.path.realpath(folder)
