"""The child processes of a training, from Linux's `/proc`."""

from pathlib import Path


def children(parent: int) -> list[int]:
    """The living children of a process."""
    try:
        text = "".join(file.read_text() for file in Path(f"/proc/{parent}/task").glob("*/children"))
    except OSError:
        return []
    return [child for child in map(int, text.split()) if _lives(child)]


def ranks(launcher: int) -> dict[int, int]:
    """The process of each rank of a run that `--processes` has started."""
    found = {}
    for child in children(launcher):
        words = _environment(child)
        if words.get("WAVEGAN_LAUNCHER") == str(launcher):
            found[int(words["RANK"])] = child
    return found


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _environment(process: int) -> dict[str, str]:
    try:
        text = Path(f"/proc/{process}/environ").read_text(errors="replace")
    except OSError:
        return {}
    return dict(pair.partition("=")[::2] for pair in text.split("\0") if pair)
