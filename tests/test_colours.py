"""One table of colours: pages get them from it, and nothing else defines one."""

import re
from pathlib import Path

import pytest

from wavegan import colours
from wavegan.colours import LISTENING, REPORT, Scheme
from wavegan.reports import page

PACKAGE = Path(__file__).resolve().parents[1] / "wavegan"
SHEETS = {
    "reports": (PACKAGE / "reports" / "page.css", REPORT),
    "listening": (PACKAGE / "listening" / "assets" / "page.css", LISTENING),
}
COLOUR = re.compile(r"(?<!\w)#(?:[\da-f]{6}|[\da-f]{3})\b|cmap=[\"']")
"""A colour's number, or the name of a map of matplotlib's."""
OWN = {"own", "dash", "at"}
"""Variables that a page sets by itself: which run's colour, its dashes, where a slider stands."""


def test_no_other_file_names_a_colour() -> None:
    kinds = {".py", ".css", ".html", ".js"}
    files = [file for file in PACKAGE.rglob("*") if file.suffix in kinds]
    assert len(files) > 100
    named = {
        file.name: found for file in files if (found := COLOUR.findall(file.read_text("utf-8")))
    }
    assert named.keys() == {"colours.py"}


@pytest.mark.parametrize("which", SHEETS)
def test_a_page_uses_the_colours_that_it_is_given_and_no_other(which: str) -> None:
    sheet, scheme = SHEETS[which]
    used = set(re.findall(r"var\(--([\w-]+)", sheet.read_text("utf-8"))) - OWN
    assert used == scheme.keys()


@pytest.mark.parametrize("scheme", [REPORT, LISTENING], ids=["report", "listening"])
def test_text_has_enough_contrast_in_light_and_dark(scheme: Scheme) -> None:
    """At least 4.5 to 1 (WCAG 2.2), lines of charts 3 to 1."""
    ground = scheme["ground" if scheme is REPORT else "paper"]
    for name, pair in scheme.items():
        least = {"text": 4.5, "ink": 4.5, "dim": 4.5, "accent": 4.5, "good": 4.5, "bad": 4.5}
        wanted = 3 if name.startswith("run-") else least.get(name, 1)
        for colour, behind in zip(pair, ground, strict=True):
            light = sorted((_luminance(colour), _luminance(behind)))
            assert (light[1] + 0.05) / (light[0] + 0.05) >= wanted, name


def test_a_page_has_both_schemes() -> None:
    text = page.html("t", "s", [])
    light, dark = text.split("prefers-color-scheme: dark", 1)
    assert "--ground: #fbfbf9;" in light
    assert "--run-5: #7a672f;" in light
    assert "--ground: #131519;" in dark.split("\n")[0]


def test_matplotlib_has_the_ramp_of_pages() -> None:
    pytest.importorskip("matplotlib")
    ramp = colours.for_matplotlib()
    assert ramp.N == colours.LEVELS
    ends = [tuple(round(255 * share) for share in ramp(end)[:3]) for end in (0.0, 1.0)]
    assert ends == [tuple(colours.level()[0]), tuple(colours.level()[-1])]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(weight * s for weight, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
