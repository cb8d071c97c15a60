"""Colours of spectrograms: ramps whose lightness is even, so that equal steps look equal.

Colours are set in OKLCH (lightness, chroma, hue) and converted by the matrices of Björn Ottosson
2020, "A perceptual color space for image processing" (https://bottosson.github.io/posts/oklab/).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = 49
"""Colours of a ramp: steps under 2 dB of 80 that the eye cannot count, and small files."""
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


def difference() -> NDArray[np.uint8]:
    """Too quiet to too loud `(LEVELS, 3)`: blue, near white in the middle, orange-red."""
    place = np.linspace(-1, 1, LEVELS)
    away = np.abs(place)
    return srgb(0.97 - 0.45 * away, 0.16 * away, np.where(place < 0, 255, 40))


def srgb(lightness: ArrayLike, chroma: ArrayLike, hue: ArrayLike) -> NDArray[np.uint8]:
    """OKLCH `(N,)` each, hue in degrees, to sRGB `(N, 3)`; what no screen shows is cut off."""
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
