"""The mark that our commands leave in the audio files they write, and how to know it again."""

from collections.abc import Mapping

import wavegan

PREFIX = "wavegan "


def mark(command: str, **said: str) -> dict[str, str]:
    """Tags for `io.write`: which command of ours made a file, and what else there is to say.

    Args:
        command: "vocode", "generate", …
        said: other tags, e.g. `title`, `comment`.

    >>> mark("vocode")["software"].startswith("wavegan ")
    True
    """
    return {"software": f"{PREFIX}{wavegan.__version__} {command}", **said}


def command(tags: Mapping[str, str]) -> str | None:
    """The command of ours that made a file with these tags, or None.

    libsndfile adds its own name in brackets to WAV's `software`.

    >>> command({"software": "wavegan 0.1.0 vocode (libsndfile-1.2.2)"})
    'vocode'
    >>> command({"software": "Reaper"}) is None
    True
    """
    words = tags.get("software", "").split()
    return words[2] if len(words) > 2 and words[0] == PREFIX.strip() else None
