"""Scan a folder for audio: find files, decode each once, check it, and return a manifest.

Results are cached in the user's cache folder, never in the data folder. The next scan decodes only
files that are new, changed, or failed.
"""

import math
import os
import stat
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from wavegan.audio import formats, io, made_by
from wavegan.audio.opening import shown
from wavegan.counted import counted
from wavegan.data import passed_over
from wavegan.data.manifest import Clip, Facts, Manifest, Rejected, to_clip
from wavegan.data.scan_cache import ScanCache
from wavegan.errors import UserError, reason

READABLE = formats.READABLE
"""Extensions of files that are opened; if a decoder is missing, the file is rejected."""
UNREADABLE = formats.UNREADABLE
"""Extensions of files that look like audio but cannot be read; they are rejected."""
REASONS_SHOWN = 3


def scan(
    root: Path,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
    keep_own: bool = False,
) -> Manifest:
    """Find and check every audio file under a folder, at any depth and of any format.

    Hidden files and folders and files that are not audio are ignored; symbolic links are followed,
    each folder once. Folders of training runs, and audio that wavegan made (unless there is no
    other), are skipped with a line in `Manifest.passed_over`. Every other file is in
    `Manifest.clips` or, with a reason, in `Manifest.rejected`: broken links, formats without a
    decoder, audio with a wrong extension, files without a usable sample rate, silent or with NaN or
    infinite samples, or shorter than 15 ms. Clipped recordings, too loud ones and ones with an
    offset are used as they are. A file that ends early or is damaged is used up to there and gets a
    `Clip.notice`.

    Args:
        root: the folder.
        on_progress: called in this thread with (files decoded, files to decode).
        threads: how many files to decode in parallel; default: one per processor, at most 8.
        keep_own: use audio that wavegan made like any other audio.

    Raises:
        UserError: the folder is missing or is a file, or contains no usable audio.
    """
    root = _checked(root)
    found = _Search(root).run()
    cache = ScanCache(root)
    try:
        _decode(root, found.files, cache, on_progress, threads or _processors())
    finally:
        # also after Ctrl-C, because decoding may have taken hours
        cache.save(found.files)
    read = [to_clip(path, cache.facts[path]) for path in found.files]
    read += found.rejected
    clips = tuple(sorted((j for j in read if isinstance(j, Clip)), key=lambda j: j.path))
    own: tuple[Clip, ...] = ()
    skipped = tuple(sorted(found.runs))
    if not keep_own:
        by = {path: facts.made_by for path, facts in cache.facts.items()}
        clips, own, lines = passed_over.divide(clips, by)
        skipped += lines
    rejected = tuple(sorted((j for j in read if isinstance(j, Rejected)), key=lambda j: j.path))
    manifest = Manifest(root, clips, rejected, own, skipped)
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
    """The error for a folder without usable audio; says what was found instead."""
    passed = "".join(f" ({line})" for line in manifest.passed_over[:REASONS_SHOWN])
    if not extensions:
        return f"data folder {manifest.root}: it is empty{passed}: give a folder with audio files"
    kinds = ", ".join(
        f"{count} {shown(extension) or 'without extension'}"
        for extension, count in extensions.most_common(6)
    )
    reasons = "; ".join(
        f"{shown(rejected.path)}: {rejected.reason}"
        for rejected in manifest.rejected[:REASONS_SHOWN]
    )
    return (
        f"data folder {manifest.root}: none of its {counted(extensions.total(), 'file')} is usable "
        f"audio ({kinds}){passed}{': ' if reasons else ''}{reasons}: "
        "give a folder with WAV, FLAC, OGG or MP3"
    )


class _Search:
    """The files under a folder.

    Attributes:
        files: relative path of every file to decode, with its (size, mtime in ns).
        rejected: files and folders rejected without decoding.
        extensions: counts of the lower-case extensions of all files that are not hidden.
        runs: a line for each folder of a run; these are not searched.
    """

    def __init__(self, root: Path) -> None:
        self.files: dict[str, tuple[int, int]] = {}
        self.rejected: list[Rejected] = []
        self.extensions: Counter[str] = Counter()
        self.runs: list[str] = []
        self._root = root
        self._folders = [""]
        self._linked: list[str] = []
        self._seen: set[tuple[int, int]] = set()

    def run(self) -> "_Search":
        while self._folders or self._linked:
            # links come last, so a folder that is reached both ways keeps its real name
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
            if folder and passed_over.is_run(names):
                self.runs.append(passed_over.run_line(self._root, folder, READABLE | UNREADABLE))
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
    """Decode a file and measure what `to_clip` needs."""
    try:
        found = io.measure(file)
    except (UserError, OSError) as error:
        return Facts(error=reason(error, shown(file)))
    return Facts(
        sample_rate=found.info.sample_rate,
        channels=found.info.channels,
        frames=found.frames_decoded,
        peak=found.mono_peak,
        channel_peak=found.peak,
        swing=math.sqrt(max(0.0, found.rms**2 - found.mono_mean**2)),
        non_finite=found.non_finite_count,
        damage=found.damage or "",
        # headers written to a pipe are normal in data sets
        note="" if found.info.streamed else found.info.note,
        made_by=made_by.command(found.info.tags) or "",
        content=found.content,
    )


def _decode(
    root: Path,
    files: dict[str, tuple[int, int]],
    cache: ScanCache,
    on_progress: Callable[[int, int], None] | None,
    threads: int,
) -> None:
    """Measure every file that is not in the cache."""
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
