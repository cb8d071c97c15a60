"""What lies in a folder of recordings and is none: folders of runs, and audio that we made."""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from wavegan.counted import counted
from wavegan.data.manifest import Clip, printable


def is_run(names: Collection[str]) -> bool:
    """Whether a folder with these entries is that of a training run."""
    return "recipe.yaml" in names and ("metrics.jsonl" in names or "checkpoints" in names)


def run_line(root: Path, folder: str, extensions: Collection[str]) -> str:
    """Say that the folder of a run is passed over, and how many audio files with it."""
    count = sum(
        os.path.splitext(name)[1].lower() in extensions
        for _, _, names in os.walk(root / folder)
        for name in names
    )
    return f"passed over: {printable(folder)}, the folder of a run: {_files(count)} in it"


def divide(
    clips: Sequence[Clip], made_by: Mapping[str, str]
) -> tuple[tuple[Clip, ...], tuple[Clip, ...], tuple[str, ...]]:
    """Part recordings from what commands of ours made, unless there is nothing else.

    Args:
        clips: all that can be used.
        made_by: the command, by the path of a clip; "" or missing for recordings.

    Returns:
        The clips to use, those that are passed over, and a line for each command.
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
        return tuple(clips), (), tuple(f"used, as there is no other audio: {x}" for x in lines)
    passed = tuple(clip for clip in clips if made_by.get(clip.path))
    hint = "give their folder, or list them, to use them"
    return kept, passed, tuple(f"passed over: {line} ({hint})" for line in lines)


def _where(clips: Sequence[Clip]) -> str:
    """One file stands for all."""
    return printable(clips[0].path) + (", …" if len(clips) > 1 else "")


def _files(count: int) -> str:
    return counted(count, "audio file")
