"""The Listen section: players, spectrograms and differences of each clip and its original."""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from markupsafe import Markup

from wavegan import colours
from wavegan.audio import io, opening
from wavegan.audio.opening import ShortReadError
from wavegan.audio.spectrogram_levels import DYNAMIC_RANGE, Frame, Levels, Wave, on_one_scale
from wavegan.counted import counted
from wavegan.errors import RunError, UserError, reason
from wavegan.reports import png, spectrogram
from wavegan.reports.axes import number
from wavegan.reports.clips import LENGTH_TOLERANCE, Column, Gallery
from wavegan.reports.page import fill
from wavegan.reports.spectrogram import LARGEST_DIFFERENCE

LARGEST_SHEET = 2 << 20


@dataclass
class Shown:
    """The finished section.

    Attributes:
        html: the section.
        clips: number of rows.
        audio_bytes: of all embedded audio, before base64.
        left_out: (file, reason), including those that the gallery left out.
    """

    html: Markup = field(default_factory=Markup)
    clips: int = 0
    audio_bytes: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Sound:
    """A clip: its audio `(C, T)` and the encoded file in memory."""

    column: str
    about: str
    wave: Wave
    rate: int
    encoded: bytes
    kind: str
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return float(self.wave.shape[-1] / self.rate)


def section(gallery: Gallery, count: int, seconds: float, progress: Callable[[str], None]) -> Shown:
    """Rows of the first `count` clips that can be read, each cut after `seconds`."""
    shown, rows = Shown(left_out=list(gallery.left_out)), []
    for name in gallery.names:
        if shown.clips == count:
            break
        progress(name)
        original, made = _sounds(gallery, name, seconds, shown)
        if original is None and not any(isinstance(one, _Sound) for one in made):
            continue
        shown.clips += 1
        rows.append(_row(name, original, made))
    paired = any(name in column.files for column in gallery.columns for name in gallery.originals)
    shown.html = fill(
        "clips.html",
        rows=rows,
        amount=_amount(shown.clips, len(gallery.names)),
        size=_size(shown.audio_bytes),
        seconds=number(seconds),
        legend=_legend(paired),
        sheets=_sheets(gallery, shown),
        left_out=shown.left_out,
    )
    return shown


def _sounds(
    gallery: Gallery, name: str, seconds: float, shown: Shown
) -> tuple[_Sound | None, list[_Sound | Column]]:
    """The original and each column's clip, or the column itself if it has no such clip."""
    original = None
    if name in gallery.originals:
        heading = Column(gallery.original_name, {}, "")
        original = _read(gallery.originals[name], heading, seconds, shown)
    made: list[_Sound | Column] = []
    for column in gallery.columns:
        file = column.files.get(name)
        sound = None if file is None else _read(file, column, seconds, shown)
        made.append(sound or column)
    return original, made


def _read(file: Path, column: Column, seconds: float, shown: Shown) -> _Sound | None:
    """Read a clip; on failure add the reason to `shown.left_out` and return None."""
    damaged: list[ShortReadError] = []
    odd: list[str] = []
    try:
        info = io.probe(file)
        frames = math.ceil(seconds * info.sample_rate)
        wave, rate = io.read(
            file, frames=frames, mono=False, on_short=damaged.append, on_note=odd.append
        )
        if not wave.shape[-1]:
            raise UserError("it has no samples", at=opening.shown(file))
        notes = (
            [f"first {seconds:g} s of {info.frames / rate:.1f} s"] if info.frames > frames else []
        )
        notes += [*odd, *(["damaged: only the readable part"] if damaged else [])]
        encoded, kind, cut = _encoded(wave, rate)
    except (UserError, RunError, OSError) as error:
        shown.left_out.append((str(file), reason(error, opening.shown(file))))
        return None
    notes += [f"{counted(cut, 'sample')} beyond full scale clipped"] if cut else []
    shown.audio_bytes += len(encoded)
    return _Sound(column.name, column.about, wave, rate, encoded, kind, tuple(notes))


def _encoded(wave: Wave, rate: int) -> tuple[bytes, str, int]:
    """The smaller of FLAC and WAV, its extension, and the number of clipped samples."""
    data, report = io.encode(wave, rate, format="wav")
    try:
        packed, _ = io.encode(wave, rate, format="flac")
    except UserError:  # a rate, or so many channels, that FLAC cannot hold
        return data, "wav", report.clipped
    if len(packed) < len(data):
        return packed, "flac", report.clipped
    return data, "wav", report.clipped


def _row(name: str, original: _Sound | None, made: list[_Sound | Column]) -> dict[str, object]:
    """The cards of a clip, with all pictures on one scale."""
    sounds = [s for s in (original, *made) if isinstance(s, _Sound)]
    frame, found = on_one_scale([(s.wave, s.rate) for s in sounds])
    levels = iter(found)
    wanted = None if original is None else next(levels)
    cards = []
    if original is not None and wanted is not None:
        cards.append(_card(name, original, wanted, frame, None, None))
    for one in made:
        if isinstance(one, _Sound):
            cards.append(_card(name, one, next(levels), frame, wanted, original))
        else:
            cards.append({"column": one.name, "audio": None})
    ends = (f"{end:.0f}".replace("-", "−") for end in (frame.top - DYNAMIC_RANGE, frame.top))
    return {
        "name": name,
        "seconds": f"{frame.seconds:.4f}",
        "scale": f"{frame.seconds:.2f} s · {' to '.join(ends)} dB",
        "cards": cards,
    }


def _card(
    name: str,
    sound: _Sound,
    levels: Levels,
    frame: Frame,
    wanted: Levels | None,
    original: _Sound | None,
) -> dict[str, object]:
    """A player, its spectrogram, and the difference from the original if there is one."""
    text = f"Spectrogram of {name}, {sound.column}"
    pictures = [_picture(spectrogram.picture(levels, frame), text, frame)]
    notes = list(sound.notes)
    if wanted is not None and original is not None:
        change, mean = spectrogram.difference(levels, wanted, frame)
        text = f"Difference of {name}, {sound.column}, from the original: {mean:.1f} dB on average"
        pictures.append(_picture(change, text, frame, "picture difference"))
        notes.insert(0, f"differs by {mean:.1f} dB")
        if abs(sound.seconds - original.seconds) > LENGTH_TOLERANCE:
            longer = sound.seconds - original.seconds
            notes.append(f"{abs(longer):.2f} s {'longer' if longer > 0 else 'shorter'}")
    return {
        "column": sound.column,
        "about": sound.about,
        "audio": _address(f"audio/{sound.kind}", sound.encoded),
        "seconds": f"{sound.seconds:.4f}",
        "pictures": pictures,
        "notes": " · ".join(notes),
    }


def _picture(data: bytes, text: str, frame: Frame, kind: str = "picture") -> dict[str, object]:
    marks = [(label, f"{100 * place:.1f}") for label, place in frame.ticks()]
    address = _address("image/png", data)
    return {
        "kind": kind,
        "address": address,
        "text": text,
        "columns": frame.columns,
        "marks": marks,
    }


def _amount(clips: int, known: int) -> str:
    return f"{clips} of {counted(known, 'clip')}" if clips < known else counted(clips, "clip")


def _size(audio_bytes: int) -> str:
    return f"{audio_bytes / 1e6:.1f} MB" if audio_bytes >= 1e5 else f"{audio_bytes / 1e3:.0f} kB"


def _legend(paired: bool) -> list[dict[str, str]]:
    """The colour scales and the meaning of their ends."""
    places = [
        (colours.level(), f"−{DYNAMIC_RANGE:.0f} dB", "loudest of the row", "ramp"),
        (
            colours.difference(),
            f"{LARGEST_DIFFERENCE:.0f} dB too quiet",
            f"{LARGEST_DIFFERENCE:.0f} dB too loud",
            "ramp difference",
        ),
    ]
    ramp = np.arange(colours.LEVELS, dtype=np.uint8)[None]
    return [
        {
            "address": _address("image/png", png.encode(ramp, chosen)),
            "low": low,
            "high": high,
            "kind": kind,
        }
        for chosen, low, high, kind in places[: 2 if paired else 1]
    ]


def _sheets(gallery: Gallery, shown: Shown) -> list[tuple[str, str]]:
    """Names and data URLs of the contact sheets of runs that generate sounds."""
    found = []
    for name, file in gallery.sheets:
        try:
            data = file.read_bytes()
        except OSError as error:
            shown.left_out.append((str(file), error.strerror or str(error)))
            continue
        if len(data) <= LARGEST_SHEET:
            found.append((name, _address("image/png", data)))
    return found


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
