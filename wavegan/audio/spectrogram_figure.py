"""Spectrograms of several clips in one picture, by matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from numpy.typing import ArrayLike

from wavegan import colours
from wavegan.audio.opening import shown
from wavegan.audio.spectrogram_levels import DYNAMIC_RANGE, ROWS, Frame, Levels, Wave, on_one_scale
from wavegan.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


def check(file: Path) -> None:
    """See, before the work, that a picture can be drawn.

    Raises:
        UserError: matplotlib is not installed, or has no such picture format.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError:
        raise UserError('pictures need matplotlib: pip install "wavegan[plot]"') from None
    if file.suffix.lower().lstrip(".") not in FigureCanvasBase.get_supported_filetypes():
        raise UserError(f"{file}: no picture format {file.suffix!r}: end it in .png")


def sheet(
    file: Path,
    clips: Sequence[tuple[str, ArrayLike | None]],
    sample_rate: int,
    columns: int = 8,
) -> None:
    """Draw a contact sheet: many clips on one scale, left to right and down.

    Args:
        file: a PNG, or any format of matplotlib's.
        clips: titles, and waves `(C, T)` or `(T,)`, whose channels are averaged in power; None
            leaves a place empty.
        sample_rate: Hz.
        columns: clips in a row.

    Raises:
        UserError: matplotlib is not installed, or has no such format; there is nothing to draw.
    """
    check(file)
    from matplotlib.figure import Figure

    waves = ((place, _wave(wave)) for place, (_, wave) in enumerate(clips) if wave is not None)
    drawn = {place: wave for place, wave in waves if wave.size}
    if not drawn or columns < 1:
        raise UserError(f"{file}: a sheet needs a clip and a column")
    frame, levels = on_one_scale([(wave, sample_rate) for wave in drawn.values()])
    columns = min(columns, len(clips))
    rows = -(-len(clips) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for place, own in zip(drawn, levels, strict=True):
        _draw(axes[place], own, frame)
        # a label is the name of a folder: neither mathematics nor always UTF-8
        axes[place].set_title(shown(clips[place][0]), fontsize=7, pad=2, parse_math=False)
    _save(figure, file)


def side_by_side(file: Path, clips: Mapping[str, ArrayLike], sample_rate: int) -> None:
    """Draw a few clips on one scale, with axes and a bar of levels.

    Args:
        file: a PNG, or any format of matplotlib's.
        clips: waves `(C, T)` or `(T,)` by title, left to right; each has a sample.
        sample_rate: Hz.

    Raises:
        UserError: matplotlib is not installed, or has no such format.
    """
    check(file)
    from matplotlib.figure import Figure

    frame, levels = on_one_scale([(_wave(wave), sample_rate) for wave in clips.values()])
    figure = Figure(figsize=(6 * len(clips), 4), layout="constrained")
    axes = figure.subplots(1, len(clips), sharey=True, squeeze=False)[0]
    for axis, title, own in zip(axes, clips, levels, strict=True):
        image = _draw(axis, own, frame)
        axis.set_title(shown(title), parse_math=False)
        axis.set_xlabel("seconds")
    marks = frame.ticks()
    axes[0].set_ylabel("Hz")
    axes[0].set_yticks([ROWS * place for _, place in marks], [label for label, _ in marks])
    figure.colorbar(image, ax=list(axes), format="%+.0f dB")
    _save(figure, file)


def _wave(wave: ArrayLike) -> Wave:
    """A wave as `(C, T)`."""
    sound = torch.as_tensor(wave, dtype=torch.float32).detach().cpu().numpy()
    return sound.reshape(-1, sound.shape[-1])


def _draw(axis: "Axes", levels: Levels, frame: Frame) -> "AxesImage":
    return axis.imshow(
        levels,
        origin="lower",
        aspect="auto",
        cmap=colours.for_matplotlib(),
        vmin=frame.top - DYNAMIC_RANGE,
        vmax=frame.top,
        extent=(0, frame.seconds, 0, ROWS),
    )


def _save(figure: "Figure", file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100)
