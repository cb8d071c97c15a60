"""Skip folders of training runs, and audio that wavegan made, in a folder of recordings."""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from wavegan.counted import counted
from wavegan.data.manifest import Clip, printable


def is_run(names: Collection[str]) -> bool:
    """Whether a folder with these entries is a training run."""
    return "recipe.yaml" in names and ("metrics.jsonl" in names or "checkpoints" in names)


def run_line(root: Path, folder: str, extensions: Collection[str]) -> str:
    """The line for a skipped folder of a run, with its number of audio files."""
    count = sum(
        os.path.splitext(name)[1].lower() in extensions
        for _, _, names in os.walk(root / folder)
        for name in names
    )
    return f"skipped: {printable(folder)}, the folder of a run with {_files(count)}"


def divide(
    clips: Sequence[Clip], made_by: Mapping[str, str]
) -> tuple[tuple[Clip, ...], tuple[Clip, ...], tuple[str, ...]]:
    """Separate recordings from audio that wavegan made, unless there is no other audio.

    Args:
        clips: all usable clips.
        made_by: the wavegan command by path of the clip; "" or missing for recordings.

    Returns:
        The clips to use, the skipped ones, and a line for each command.
    """
    kept = tuple(clip for clip in clips if not made_by.get(clip.path))
    own: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        if command := made_by.get(clip.path):
            own[command].append(clip)
    lines = [
        f"{_files(len(made))} that wavegan {command} made: {_where(made)}"
        for command, made in sorted(own.items())
    ]
    if not kept:
        return tuple(clips), (), tuple(f"used because there is no other audio: {x}" for x in lines)
    skipped = tuple(clip for clip in clips if made_by.get(clip.path))
    hint = "to use them, give their folder or list them"
    return kept, skipped, tuple(f"skipped: {line} ({hint})" for line in lines)


def _where(clips: Sequence[Clip]) -> str:
    """The first file, as an example."""
    return printable(clips[0].path) + (", …" if len(clips) > 1 else "")


def _files(count: int) -> str:
    return counted(count, "audio file")
