"""Files that a run knows under other names: the same samples, by their checksums."""

from collections.abc import Iterable, Mapping, Sequence

from wavegan.data.manifest import Clip


def renames(
    known: Sequence[str], content: Mapping[str, str], clips: Iterable[Clip]
) -> dict[str, str]:
    """Where the audio of known files lies now, of those that are not in their places.

    Args:
        known: paths, those first that are to find theirs before others do.
        content: checksum of each one's samples, by path, where it was kept.
        clips: what is there, each with its checksum.

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
    """Whether a file certainly holds other samples than it did."""
    return bool(sum_ and clip.content) and clip.content != sum_
