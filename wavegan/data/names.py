"""Which file of a folder somebody means by a text: a path from here or there, a name, a stem."""

import os
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath


class Names:
    """The ways to name the files of a folder, most exact first.

    A path relative to the folder, with or without its extension; an absolute path, or one relative
    to the list, to where the program runs, or to a folder above; a file's name; its stem.

    Args:
        root: the folder, resolved.
        paths: of its files, relative to it, "/" between folders.
        beside: the folder of the list that names are read from.
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
        """Return the paths a text may mean: none, one, or several if it is ambiguous."""
        plain = posixpath.normpath(text.replace("\\", "/")) if text else ""
        # a name may itself hold a backslash or a doubled slash
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
        """Return an existing file that a text names although it is not among the folder's."""
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
        """Files of the folder by a path that does not begin there."""
        last = posixpath.basename(plain)
        known = _looked_up(self._name, last) or _looked_up(self._stem, last)
        # only where a link leads may have another name than the link
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
        """The links in the folder that lead to a file."""
        if not os.path.isfile(full):
            return []
        return self._targets.get(os.path.realpath(full), [])

    @cached_property
    def _targets(self) -> Mapping[str, list[str]]:
        """Paths by the files they lead to, of those that lead out of the folder."""
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
    # two files may differ in nothing but how their letters are composed
    return [name] if len(found) > 1 and name in found else found


def _composed(name: str) -> str:
    """Return a name as most systems write it: macOS hands back decomposed letters."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _is_absolute(plain: str) -> bool:
    return os.path.isabs(plain) or plain.startswith("~")


def _below(path: str, root: str) -> str | None:
    """Return a path relative to a folder, with "/"; None: it is not below it."""
    if path == root:
        return ""
    start = root.rstrip(os.sep) + os.sep
    return path.removeprefix(start).replace(os.sep, "/") if path.startswith(start) else None


@lru_cache(maxsize=4096)
def _real(folder: str) -> str:
    return os.path.realpath(folder)
