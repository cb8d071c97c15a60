"""The mark that our commands leave in the audio files they write, and how to know it again."""

import json
from collections.abc import Mapping
from typing import Any

import wavegan
from wavegan import json_file
from wavegan.errors import UserError

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


def comment(facts: Mapping[str, object]) -> str:
    """How a file was made, for the tag of that name: one line of JSON, in ASCII.

    Readers of WAV disagree on the encoding of anything else.

    >>> comment({"model": "drums", "seed": 7})
    '{"model": "drums", "seed": 7}'
    """
    return json.dumps(facts)


def facts(tags: Mapping[str, str]) -> dict[str, Any]:
    """What the comment of a file of ours says; nothing where a file is not, or it says nothing.

    >>> facts(mark("generate", comment=comment({"seed": 7})))
    {'seed': 7}
    >>> facts({"software": "Reaper", "comment": "Take 2"})
    {}
    """
    try:
        said = json_file.parse(tags.get("comment", ""), "comment")
    except UserError:
        return {}
    return said if isinstance(said, dict) and command(tags) is not None else {}
