"""Report the files of a run, as lines and as numbers."""

from collections.abc import Sequence
from typing import Any

from wavegan.counted import counted
from wavegan.data import mel_fit
from wavegan.data.manifest import Clip, printable
from wavegan.data.mel_fit import Fit
from wavegan.data.mels import TOLERANCE, Mels
from wavegan.training.files import Files
from wavegan.training.log import Listener

SHOWN = 3


def report_summary(files: Files, listener: Listener) -> None:
    """Report what was found, and each file that is unusable or has a problem."""
    manifest, chosen = files.manifest, files.split
    held_out = str(_count(chosen.validation))
    if stretches := sum(clip.start > 0 for clip in chosen.validation):
        held_out = counted(stretches, "stretch", "stretches")
    train = f"{counted(_count(chosen.train), 'file')} to train on ({_hours(chosen.train):.2f} h)"
    unusable = f"{len(manifest.rejected)} not usable"
    listener.note(f"{manifest.root}: {train}, {held_out} held out, {unusable}")
    if files.mels is not None:
        listener.note(_about(files.mels))
        if files.mels.turned:
            one = "mel has shape (frames, n_mels) and is transposed"
            many = "mels have shape (frames, n_mels) and are transposed"
            listener.note(counted(files.mels.turned, one, many))
    fits = compare(files)
    if fits:
        listener.note(mel_fit.describe(fits))
    for line in (*mel_warnings(files, fits), *files.notes):
        listener.note(line)
    for entry in manifest.rejected:
        listener.note(f"not usable: {printable(entry.path)}: {entry.reason}")
    for notice in manifest.notices:
        listener.note(f"note: {printable(notice.path)}: {notice.reason}")


def compare(files: Files) -> list[Fit]:
    """Compare some of the given mels with mels of their audio; empty without given mels."""
    if files.mels is None:
        return []
    return mel_fit.compare(files.mels, files.manifest.clips, files.manifest.root)


def mel_warnings(files: Files, fits: Sequence[Fit]) -> list[str]:
    """Warnings about given mels."""
    if files.mels is None:
        return []
    lines = mel_fit.doubts(fits, files.mels)
    if unclear := files.mels.unclear:
        named, doubt = printable(unclear[0].path), unclear[0].orientation.doubt
        lines.append(f"warning: {named}: {doubt} ({counted(len(unclear), 'mel')} of that size)")
    return lines


def describe(files: Files, fits: Sequence[Fit]) -> dict[str, Any]:
    """What was found, for JSON."""
    facts: dict[str, Any] = {
        "training_files": _count(files.split.train),
        "training_hours": round(_hours(files.split.train), 3),
        "validation_files": _count(files.split.validation),
        "notes": list(files.notes),
        "not_usable": [f"{entry.path}: {entry.reason}" for entry in files.manifest.rejected],
    }
    if files.mels is None:
        return facts
    return facts | {
        "mels_paired": len(files.mels.of),
        "mels_a_frame_off": files.mels.uneven,
        "mels_by_bare_names": len(files.mels.told_apart),
        "mels_turned": files.mels.turned,
        "mels_mean_difference": mel_fit.difference(fits),
        "mels_without_audio": len(files.mels.orphans),
    }


def _hours(clips: tuple[Clip, ...]) -> float:
    return sum(clip.seconds for clip in clips) / 3600


def _count(clips: tuple[Clip, ...]) -> int:
    """Number of files; several stretches of one file count once."""
    return len({clip.path for clip in clips})


def _about(mels: Mels) -> str:
    text = f"{mels.root}: {counted(len(mels.of), 'mel')} paired with audio"
    if mels.uneven:
        text += (
            f", {mels.uneven} of them {TOLERANCE} frame longer or shorter than the audio (the "
            "longer one is cut)"
        )
    if mels.told_apart:
        clip, mel = next(iter(mels.told_apart.items()))
        text += f", {len(mels.told_apart)} of them by file name only, like {mel} with {clip}"
    if mels.orphans:
        named = ", ".join(printable(path) for path in mels.orphans[:SHOWN])
        more = f" and {len(mels.orphans) - SHOWN} more" if len(mels.orphans) > SHOWN else ""
        text += f"; {len(mels.orphans)} without audio: {named}{more}"
    return text
