"""Write the page that a listener opens: one HTML file, with the audio inside it or in `audio/`.

A page opened by a double click cannot `fetch` files, but can load scripts. So a clip in `audio/`
is a script that delivers base64. The same works from any web server.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from wavegan import colours
from wavegan.pages import Templates

HERE = Path(__file__).parent
TEMPLATES = Templates(HERE / "templates", HERE / "assets")
SCRIPTS = ("player.js", "session.js", "widgets.js", "trial.js", "page.js")
MARK = "wavegan listen"
"""The mark that identifies our own pages."""


def concealed(key: object, test: str) -> str:
    """JSON, mixed with the test's id, in base64, so that a look at the source reveals no names.

    This is not secret: the page must read it when it saves the results.
    """
    clear = json.dumps(key, separators=(",", ":")).encode("ascii")
    pad = test.encode("ascii")
    mixed = bytes(b ^ pad[i % len(pad)] ^ (i * 31 & 255) for i, b in enumerate(clear))
    return base64.b64encode(mixed).decode("ascii")


def clip_scripts(sounds: Mapping[str, bytes]) -> dict[str, str]:
    """The scripts that deliver a trial's audio, all equally long, so that sizes reveal nothing."""
    coded = {name: base64.b64encode(sound).decode("ascii") for name, sound in sounds.items()}
    longest = max(map(len, coded.values()))
    return {n: f'listening.deliver("{n}","{text.ljust(longest)}");\n' for n, text in coded.items()}


def write(folder: Path, test: Mapping[str, object], scripts: Sequence[Path], *, embed: bool) -> int:
    """Write `index.html`.

    Args:
        folder: where to write.
        test: the data of the page, as JSON.
        scripts: the audio scripts in `folder/audio`; removed if they are embedded.
        embed: put them into the page.

    Returns:
        Bytes of page and audio together.
    """
    page = folder / "index.html"
    sounds = (_embedded(script) for script in scripts if embed)
    with page.open("w", encoding="utf-8", newline="\n") as file:
        TEMPLATES.write(
            "page.html",
            file,
            test=test,
            mark=MARK,
            colours=colours.LISTENING,
            sounds=sounds,
            scripts=SCRIPTS,
        )
    size = page.stat().st_size
    if not embed:
        return size + sum(script.stat().st_size for script in scripts)
    for script in scripts:
        script.unlink()
    (folder / "audio").rmdir()
    return size


def _embedded(script: Path) -> Markup:
    """An audio script without the spaces that make files equally long."""
    return Markup(script.read_text(encoding="ascii").replace(" ", "").strip())  # noqa: S704
