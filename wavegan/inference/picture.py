"""Spectrograms side by side, for listening with the eyes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wavegan import colours
from wavegan.errors import UserError

DYNAMIC_RANGE = 80.0
"""dB from the loudest bin of all panels down to black."""


def check(file: Path) -> None:
    """See, before the work, that a picture can be drawn.

    Raises:
        UserError: librosa or matplotlib is not installed, or there is no such format.
    """
    try:
        import librosa.display  # noqa: F401
        import matplotlib.figure  # noqa: F401
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError:
        raise UserError(
            'pictures need librosa and matplotlib: pip install "wavegan[plot]"'
        ) from None
    if file.suffix.lower().lstrip(".") not in FigureCanvasBase.get_supported_filetypes():
        raise UserError(f"{file}: no picture format {file.suffix!r}: end it in .png")


def draw(file: Path, panels: Mapping[str, NDArray[np.float32]], sample_rate: int) -> None:
    """Draw the log-magnitude spectrograms of some clips on one scale.

    Args:
        file: a PNG (or any format of matplotlib's).
        panels: `(T,)` audio by title, left to right.
        sample_rate: Hz.

    Raises:
        UserError: matplotlib is not installed, or knows no such format.
    """
    check(file)
    import librosa
    import librosa.display
    from matplotlib.figure import Figure

    spectra = {title: np.abs(librosa.stft(wave, n_fft=1024)) for title, wave in panels.items()}
    loudest = max(float(spectrum.max()) for spectrum in spectra.values())
    figure = Figure(figsize=(6 * len(panels), 4), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (title, spectrum) in zip(axes, spectra.items(), strict=True):
        image = librosa.display.specshow(
            librosa.amplitude_to_db(spectrum, ref=loudest or 1.0, top_db=None),
            sr=sample_rate,
            n_fft=1024,
            hop_length=256,
            x_axis="time",
            y_axis="linear",
            vmin=-DYNAMIC_RANGE,
            vmax=0.0,
            cmap=colours.for_matplotlib(),
            ax=axis,
        )
        axis.set_title(title)
        axis.label_outer()
    figure.colorbar(image, ax=list(axes), format="%+.0f dB")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100)
