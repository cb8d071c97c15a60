"""The colours of pages, chart lines and spectrograms.

Colour maps of spectrograms have an even lightness: equal steps look equal. They are set in OKLCH
(lightness, chroma, hue) and converted by the matrices of Björn Ottosson 2020, "A perceptual color
space for image processing" (https://bottosson.github.io/posts/oklab/).
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.colors import ListedColormap

Scheme = Mapping[str, tuple[str, str]]
"""Colours of a page by role: (light mode, dark mode)."""
LINES = (
    ("#2b6cb8", "#75a9ee"),
    ("#c4570f", "#f0955a"),
    ("#2a8155", "#6cc496"),
    ("#7f4fc0", "#b695ec"),
    ("#b8327f", "#ee84ba"),
    ("#7a672f", "#cdb874"),
)
"""Runs in charts; their dash patterns differ too."""
REPORT: Scheme = {
    "ground": ("#fbfbf9", "#131519"),
    "raised": ("#fff", "#1a1d22"),
    "soft": ("#f0f0ec", "#20242a"),
    "text": ("#1d1f23", "#dfe2e7"),
    "dim": ("#62666e", "#9aa0aa"),
    "line": ("#deded8", "#30353d"),
    "accent": ("#2257a8", "#83b0f5"),
    "good": ("#2c7a4b", "#7ccf9b"),
    "bad": ("#b3261e", "#ff8a80"),
    # on pictures, which are the same in light and dark mode
    "mark": ("#fff", "#fff"),
    "shade": ("#000", "#000"),
    **{f"run-{number}": pair for number, pair in enumerate(LINES)},
}
LISTENING: Scheme = {
    "paper": ("#f7f7f5", "#16191b"),
    "card": ("#ffffff", "#1f2326"),
    "tint": ("#e3eeed", "#24393a"),
    "track": ("#e6e8e7", "#33393d"),
    "ink": ("#22262a", "#e7e9e8"),
    "soft": ("#5f676e", "#a3abaf"),
    "line": ("#d9dcdb", "#363c40"),
    "accent": ("#2f6f73", "#7fc0c0"),
    "on-accent": ("#ffffff", "#10201f"),
}

LEVELS = 49
"""Colours of a map: steps below 2 dB (of 80) that the eye cannot distinguish, and small files."""
LMS = (
    (1, 0.3963377774, 0.2158037573),
    (1, -0.1055613458, -0.0638541728),
    (1, -0.0894841775, -1.291485548),
)
RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.707614701),
)


def level() -> NDArray[np.uint8]:
    """Quiet to loud `(LEVELS, 3)`: near black, violet, orange, near white."""
    place = np.linspace(0, 1, LEVELS)
    chroma = 0.025 + 0.145 * np.sin(math.pi * place**0.9)
    return srgb(0.13 + 0.84 * place, chroma, 280 + 175 * place)


def for_matplotlib() -> "ListedColormap":
    """`level` as matplotlib takes it."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(level() / 255)


def difference() -> NDArray[np.uint8]:
    """Too quiet to too loud `(LEVELS, 3)`: blue, near white in the middle, orange-red."""
    place = np.linspace(-1, 1, LEVELS)
    away = np.abs(place)
    return srgb(0.97 - 0.45 * away, 0.16 * away, np.where(place < 0, 255, 40))


def srgb(lightness: ArrayLike, chroma: ArrayLike, hue: ArrayLike) -> NDArray[np.uint8]:
    """OKLCH `(N,)` each, hue in degrees, to sRGB `(N, 3)`; colours outside sRGB are clipped."""
    angle = np.radians(np.asarray(hue, dtype=np.float64))
    strength = np.asarray(chroma, dtype=np.float64)
    lab = np.stack(
        np.broadcast_arrays(lightness, strength * np.cos(angle), strength * np.sin(angle))
    )
    linear = np.asarray(RGB) @ (np.asarray(LMS) @ lab) ** 3
    linear = linear.clip(0, 1)
    curved = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    places: NDArray[np.uint8] = np.rint(curved.T * 255).astype(np.uint8)
    return places
