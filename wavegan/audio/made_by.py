"""Tags that wavegan's commands write into audio files, and how to recognise them."""

import json
from collections.abc import Mapping
from typing import Any

import wavegan
from wavegan import json_file
from wavegan.errors import UserError

PREFIX = "wavegan "


def mark(command: str, **tags: str) -> dict[str, str]:
    """Tags for `io.write`: the wavegan command that made a file, and other tags.

    Args:
        command: "vocode", "generate", …
        tags: other tags, e.g. `title`, `comment`.

    >>> mark("vocode")["software"].startswith("wavegan ")
    True
    """
    return {"software": f"{PREFIX}{wavegan.__version__} {command}", **tags}


def command(tags: Mapping[str, str]) -> str | None:
    """The wavegan command that made a file with these tags, or None.

    In WAV files libsndfile appends its own name in brackets to `software`.

    >>> command({"software": "wavegan 0.1.0 vocode (libsndfile-1.2.2)"})
    'vocode'
    >>> command({"software": "Reaper"}) is None
    True
    """
    words = tags.get("software", "").split()
    return words[2] if len(words) > 2 and words[0] == PREFIX.strip() else None


def comment(facts: Mapping[str, object]) -> str:
    """How a file was made, as one line of JSON for the tag `comment`.

    It is ASCII because WAV readers disagree on the encoding of other characters.

    >>> comment({"model": "drums", "seed": 7})
    '{"model": "drums", "seed": 7}'
    """
    return json.dumps(facts)


def facts(tags: Mapping[str, str]) -> dict[str, Any]:
    """The facts in the comment of a file that wavegan made; empty for other files.

    >>> facts(mark("generate", comment=comment({"seed": 7})))
    {'seed': 7}
    >>> facts({"software": "Reaper", "comment": "Take 2"})
    {}
    """
    try:
        content = json_file.parse(tags.get("comment", ""), "comment")
    except UserError:
        return {}
    return content if isinstance(content, dict) and command(tags) is not None else {}
