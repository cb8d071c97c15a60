"""From a folder of anything to a manifest: find, decode once, judge, and remember.

What decoding a file told is kept in the user's cache folder, never in the data folder, so the
next scan decodes only files that are new, changed, or failed.
"""

import hashlib
import json
import logging
import math
import os
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import astuple
from pathlib import Path
from typing import Any

from wavegan import atomic
from wavegan.audio import formats, io
from wavegan.audio.opening import shown
from wavegan.data.manifest import Clip, Facts, Manifest, Rejected, judge
from wavegan.errors import UserError

READABLE = formats.READABLE
"""Extensions of files that are opened; what is missing to read one is said then."""
UNREADABLE = formats.UNREADABLE
"""Extensions that look like audio, of files that nothing reads: opening says why."""
CACHE_VERSION = 2
REASONS_SHOWN = 3

_log = logging.getLogger(__name__)


def scan(
    root: Path,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> Manifest:
    """Find and judge every audio file under a folder, at any depth, of any format.

    Hidden files and folders and files that are not audio are passed over;
    symbolic links are followed, to each folder once. Every other file ends up in
    `Manifest.clips` or, with a reason, in `Manifest.rejected`: broken links, formats without a
    decoder, audio whose name does not say so, files without a usable sample rate, silent or with
    NaN or infinite samples, or shorter than 15 ms. Clipped, offset or too loud recordings are
    used as they are. A file that ends early or is damaged is used up to there and gets a
    `Clip.notice`.

    Args:
        root: the folder.
        on_progress: called in this thread with (files decoded, files to decode).
        threads: how many files to decode at once; by default one per processor, at most 8.

    Raises:
        UserError: the folder is missing or is a file, or holds nothing usable.
    """
    root = _checked(root)
    found = _Search(root).run()
    cache = _Cache(root)
    try:
        _decode(root, found.files, cache, on_progress, threads or _processors())
    finally:
        # also after Ctrl-C: what hours of decoding told is not lost
        cache.save(found.files)
    judged = [judge(path, cache.facts[path]) for path in found.files]
    judged += found.rejected
    manifest = Manifest(
        root,
        tuple(sorted((j for j in judged if isinstance(j, Clip)), key=lambda j: j.path)),
        tuple(sorted((j for j in judged if isinstance(j, Rejected)), key=lambda j: j.path)),
    )
    if not manifest.clips:
        raise UserError(_nothing_usable(manifest, found.extensions))
    return manifest


def _checked(root: Path) -> Path:
    if not root.exists():
        raise UserError(f"data folder {root}: it does not exist: check the path")
    if not root.is_dir():
        raise UserError(f"data folder {root}: it is a file: give the folder that holds the audio")
    return root.resolve()


def _nothing_usable(manifest: Manifest, extensions: Counter[str]) -> str:
    """Say what was found instead of audio."""
    if not extensions:
        return f"data folder {manifest.root}: it is empty: give a folder with audio files"
    kinds = ", ".join(
        f"{count} {shown(extension) or 'without extension'}"
        for extension, count in extensions.most_common(6)
    )
    reasons = "; ".join(
        f"{shown(rejected.path)}: {rejected.reason}"
        for rejected in manifest.rejected[:REASONS_SHOWN]
    )
    return (
        f"data folder {manifest.root}: none of its {extensions.total()} files is usable audio "
        f"({kinds}){': ' if reasons else ''}{reasons}: give a folder with WAV, FLAC, OGG or MP3"
    )


class _Search:
    """The files under a folder.

    Attributes:
        files: relative path of every file to decode, with its (size, mtime in ns).
        rejected: what is not worth opening.
        extensions: of all files that are not hidden, lower case.
    """

    def __init__(self, root: Path) -> None:
        self.files: dict[str, tuple[int, int]] = {}
        self.rejected: list[Rejected] = []
        self.extensions: Counter[str] = Counter()
        self._root = root
        self._folders = [""]
        self._linked: list[str] = []
        self._seen: set[tuple[int, int]] = set()

    def run(self) -> "_Search":
        while self._folders or self._linked:
            # links last: a folder reached both ways goes by its real name
            folder = self._folders.pop() if self._folders else self._linked.pop(0)
            try:
                status = os.stat(self._root / folder)
                if (status.st_dev, status.st_ino) in self._seen:
                    continue
                self._seen.add((status.st_dev, status.st_ino))
                names = sorted(os.listdir(self._root / folder))
            except OSError as error:
                reason = f"this folder cannot be opened ({error.strerror})"
                self.rejected.append(Rejected(folder or ".", reason))
                continue
            for name in names:
                self._add(f"{folder}/{name}" if folder else name, name)
        return self

    def _add(self, path: str, name: str) -> None:
        extension = os.path.splitext(name)[1].lower()
        audio = extension in READABLE | UNREADABLE
        side_file = audio and name.startswith("._")
        if name.startswith(".") and not side_file:
            return
        full = self._root / path
        try:
            status = os.stat(full)
        except OSError as error:
            self.extensions[extension] += 1
            if audio:
                broken = "a broken link" if full.is_symlink() else "it cannot be opened"
                self.rejected.append(Rejected(path, f"{broken} ({error.strerror})"))
            return
        if stat.S_ISDIR(status.st_mode):
            (self._linked if full.is_symlink() else self._folders).append(path)
            return
        self.extensions[extension] += 1
        if side_file:
            self.rejected.append(Rejected(path, "macOS metadata of another file, not audio"))
        elif audio:
            self.files[path] = status.st_size, status.st_mtime_ns
        elif reason := formats.unnamed(full):
            self.rejected.append(Rejected(path, reason))


def _measure(file: Path) -> Facts:
    """Decode a file and keep what judging needs."""
    try:
        found = io.measure(file)
    except (UserError, OSError) as error:
        return Facts(error=str(error).removeprefix(f"{shown(file)}: "))
    return Facts(
        sample_rate=found.info.sample_rate,
        channels=found.info.channels,
        frames=found.frames_decoded,
        peak=found.mono_peak,
        channel_peak=found.peak,
        swing=math.sqrt(max(0.0, found.rms**2 - found.mono_mean**2)),
        non_finite=found.non_finite_count,
        damage=found.damage or "",
        # a pipe's header is nothing odd in a data set
        note="" if found.info.streamed else found.info.note,
    )


class _Cache:
    """The facts of earlier scans of one folder, by path, size and time of change."""

    def __init__(self, root: Path) -> None:
        key = hashlib.sha256(os.fsencode(root)).hexdigest()[:24]
        self.facts: dict[str, Facts] = {}
        self._file = _cache_folder() / "scans" / f"{key}.json"
        self._known = self._load()
        self._changed = False

    def recall(self, path: str, stamp: tuple[int, int]) -> bool:
        """Say whether a file is known and as it was; if so, its facts are there."""
        stamped = self._known.get(path)
        if stamped is None or stamped[0] != stamp:
            return False
        self.facts[path] = stamped[1]
        return True

    def add(self, path: str, facts: Facts) -> None:
        self.facts[path] = facts
        # a failure is not kept: it may have been the disk's, and costs little to meet again
        self._changed = self._changed or not facts.error

    def save(self, stamps: dict[str, tuple[int, int]]) -> None:
        """Write what is known about the files that are there."""
        if not self._changed and self._known.keys() <= self.facts.keys():
            return
        files = {
            path: [*stamps[path], *astuple(facts)]
            for path, facts in self.facts.items()
            if not facts.error
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            atomic.text(self._file, json.dumps({"version": CACHE_VERSION, "files": files}))
        except OSError as error:
            _log.warning("what the scan found is not kept: %s: %s", self._file, error.strerror)

    def _load(self) -> dict[str, tuple[tuple[int, int], Facts]]:
        try:
            content: Any = json.loads(self._file.read_bytes())
            if content["version"] != CACHE_VERSION:
                return {}
            return {
                path: ((size, time), Facts(*facts))
                for path, (size, time, *facts) in content["files"].items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}


def _cache_folder() -> Path:
    """`WAVEGAN_CACHE`, or the place where this system keeps what can be made again."""
    if chosen := os.environ.get("WAVEGAN_CACHE"):
        return Path(chosen).expanduser()
    variable = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
    if os.path.isabs(base := os.environ.get(variable, "")):
        return Path(base) / "wavegan"
    try:
        home = Path.home()
    except RuntimeError:  # a container may run as a user without an entry
        return Path(tempfile.gettempdir()) / "wavegan"
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "wavegan"


def _decode(
    root: Path,
    files: dict[str, tuple[int, int]],
    cache: _Cache,
    on_progress: Callable[[int, int], None] | None,
    threads: int,
) -> None:
    """Measure every file the cache does not know."""
    todo = [path for path, stamp in files.items() if not cache.recall(path, stamp)]
    pool = ThreadPoolExecutor(threads, thread_name_prefix="scan")
    try:
        # libsndfile decodes without the interpreter lock, so threads are enough
        running = {pool.submit(_measure, root / path): path for path in todo}
        for done, future in enumerate(as_completed(running), 1):
            cache.add(running[future], future.result())
            if on_progress is not None:
                on_progress(done, len(todo))
    finally:
        pool.shutdown(cancel_futures=True)


def _processors() -> int:
    return min(8, os.cpu_count() or 1)
