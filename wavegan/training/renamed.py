"""Find renamed files of a run by the checksums of their samples."""

from collections.abc import Iterable, Mapping, Sequence

from wavegan.data.manifest import Clip


def renames(
    known: Sequence[str], content: Mapping[str, str], clips: Iterable[Clip]
) -> dict[str, str]:
    """New paths of known files that were renamed or moved.

    Args:
        known: known paths; earlier ones are matched first.
        content: checksum of each one's samples, by path, if known.
        clips: the current clips, each with its checksum.

    Returns:
        New paths by old ones.
    """
    there = {clip.path: clip for clip in clips}
    lost, taken = [], set[str]()
    for path in known:
        if path not in there or _other(there[path], content.get(path, "")):
            lost.append(path)
        else:
            taken.add(path)
    found: dict[str, list[str]] = {}
    for path, clip in sorted(there.items()):
        if clip.content and path not in taken:
            found.setdefault(clip.content, []).append(path)
    moved = {}
    for path in lost:
        if places := found.get(content.get(path, "")):
            moved[path] = places.pop(0)
    return moved


def _other(clip: Clip, sum_: str) -> bool:
    """Whether a file certainly has other samples than before."""
    return bool(sum_ and clip.content) and clip.content != sum_
