"""The page a listener opens: one HTML file, with the sound inside it or in `audio/` beside it.

Pages opened by a double click may load no files by `fetch`, but scripts they may: so a clip in
`audio/` is a script that delivers base64. That works the same from any web server.
"""

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("player.js", "session.js", "widgets.js", "trial.js", "page.js")
MARK = '<meta name="generator" content="wavegan listen">'


def concealed(key: object, test: str) -> str:
    """What a glance at the source shall not reveal: JSON, mixed with the test's id, in base64.

    This is no secret: the page has to read it when it saves the results.
    """
    clear = json.dumps(key, separators=(",", ":")).encode("ascii")
    pad = test.encode("ascii")
    mixed = bytes(b ^ pad[i % len(pad)] ^ (i * 31 & 255) for i, b in enumerate(clear))
    return base64.b64encode(mixed).decode("ascii")


def clip_scripts(sounds: Mapping[str, bytes]) -> dict[str, str]:
    """The scripts that deliver a trial's sounds, all equally long, so that no size tells."""
    coded = {name: base64.b64encode(sound).decode("ascii") for name, sound in sounds.items()}
    longest = max(map(len, coded.values()))
    return {n: f'listening.deliver("{n}","{text.ljust(longest)}");\n' for n, text in coded.items()}


def write(folder: Path, test: Mapping[str, object], scripts: Sequence[Path], *, embed: bool) -> int:
    """Write `index.html`.

    Args:
        folder: where to.
        test: what the page needs to know, as JSON.
        scripts: the sounds' scripts, in `folder/audio`; they are removed where they are embedded.
        embed: put them into the page.

    Returns:
        Bytes of page and sounds together.
    """
    filled = {
        "title": html.escape(str(test["title"])),
        "mark": MARK,
        "style": (ASSETS / "page.css").read_text(encoding="utf-8"),
        "test": json.dumps(test, ensure_ascii=False).replace("<", "\\u003c"),
        "scripts": "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS),
    }
    before, after = (ASSETS / "page.html").read_text(encoding="utf-8").split("{{sounds}}")
    page = folder / "index.html"
    with page.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_fill(before, filled))
        for script in scripts if embed else ():
            # without the spaces that make files equally long
            code = script.read_text(encoding="ascii").replace(" ", "").strip()
            file.write(f"<script>{code}</script>\n")
        file.write(_fill(after, filled))
    size = page.stat().st_size
    if not embed:
        return size + sum(script.stat().st_size for script in scripts)
    for script in scripts:
        script.unlink()
    (folder / "audio").rmdir()
    return size


def _fill(template: str, values: Mapping[str, str]) -> str:
    parts = template.split("{{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}}")
        filled.append(values[name] + rest)
    return "".join(filled)
