"""The listening table: each clip's original and what was made of it, to hear and to see."""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from wavegan.audio import io, opening
from wavegan.audio.opening import ShortReadError
from wavegan.counted import counted
from wavegan.errors import RunError, UserError, reason
from wavegan.reports import palette, png, spectrogram
from wavegan.reports.axes import number
from wavegan.reports.clips import APART, Column, Gallery
from wavegan.reports.html import Markup, details, join, tag, void
from wavegan.reports.spectrogram import DYNAMIC_RANGE, LARGEST_DIFFERENCE, Frame, Wave

LARGEST_SHEET = 2 << 20


@dataclass
class Shown:
    """What came of the clips.

    Attributes:
        html: the section.
        clips: how many rows there are.
        audio_bytes: of all embedded audio, before it is written as text.
        left_out: file, reason.
    """

    html: Markup
    clips: int = 0
    audio_bytes: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Sound:
    """A clip that was read: its audio `(C, T)`, and as a file in memory."""

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
    shown, rows = Shown(Markup("")), []
    for name in gallery.names:
        if shown.clips == count:
            break
        progress(name)
        original, made = _sounds(gallery, name, seconds, shown)
        if original is None and not any(isinstance(one, _Sound) for one in made):
            continue
        shown.clips += 1
        rows.append(_row(name, original, made))
    shown.html = join(_head(gallery, shown, seconds), *rows, _sheets(gallery, shown))
    return shown


def _sounds(
    gallery: Gallery, name: str, seconds: float, shown: Shown
) -> tuple[_Sound | None, list[_Sound | Column]]:
    """The original and each column's clip; the column itself where it has none."""
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
    """A clip, or None and why it was left out."""
    damaged: list[ShortReadError] = []
    odd: list[str] = []
    try:
        info = io.probe(file)
        frames = math.ceil(seconds * info.sample_rate)
        wave, rate = io.read(
            file, frames=frames, mono=False, on_short=damaged.append, on_note=odd.append
        )
        if not wave.shape[-1]:
            raise UserError("there are no samples in it", at=opening.shown(file))
        notes = (
            [f"first {seconds:g} s of {info.frames / rate:.1f} s"] if info.frames > frames else []
        )
        notes += [*odd, *(["damaged: what could be read"] if damaged else [])]
        encoded, kind, cut = _encoded(wave, rate)
    except (UserError, RunError, OSError) as error:
        shown.left_out.append((str(file), reason(error, opening.shown(file))))
        return None
    notes += [f"{counted(cut, 'sample')} beyond full scale cut"] if cut else []
    shown.audio_bytes += len(encoded)
    return _Sound(column.name, column.about, wave, rate, encoded, kind, tuple(notes))


def _encoded(wave: Wave, rate: int) -> tuple[bytes, str, int]:
    """As FLAC or as WAV, whichever is smaller; and how many samples clipped."""
    data, report = io.encode(wave, rate, format="wav")
    try:
        packed, _ = io.encode(wave, rate, format="flac")
    except UserError:  # a rate, or so many channels, that FLAC cannot hold
        return data, "wav", report.clipped
    if len(packed) < len(data):
        return packed, "flac", report.clipped
    return data, "wav", report.clipped


def _row(name: str, original: _Sound | None, made: list[_Sound | Column]) -> Markup:
    """A clip's cards, all pictures on one scale."""
    sounds = [s for s in (original, *made) if isinstance(s, _Sound)]
    frame = spectrogram.frame_of([(s.wave, s.rate) for s in sounds])
    wanted = None if original is None else spectrogram.levels(original.wave, original.rate, frame)
    cards = []
    if original is not None:
        cards.append(_card(name, original, frame, None, None))
    for one in made:
        if isinstance(one, _Sound):
            cards.append(_card(name, one, frame, wanted, original))
        else:
            empty = tag("p", "no such clip", class_="dim")
            cards.append(tag("figure", tag("figcaption", tag("b", one.name)), empty, class_="card"))
    ends = (f"{end:.0f}".replace("-", "−") for end in (frame.top - DYNAMIC_RANGE, frame.top))
    scale = f"{frame.seconds:.2f} s · {' to '.join(ends)} dB"
    head = tag("h3", name, tag("span", f" {scale}", class_="dim"))
    return tag(
        "section",
        head,
        tag("div", *cards, class_="cards"),
        class_="clip",
        data_seconds=f"{frame.seconds:.4f}",
        data_name=name,
    )


def _card(
    name: str,
    sound: _Sound,
    frame: Frame,
    wanted: "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None",
    original: _Sound | None,
) -> Markup:
    """A player, its spectrogram, and where there is an original the difference from it."""
    levels = spectrogram.levels(sound.wave, sound.rate, frame)
    pictures = [
        _picture(
            spectrogram.picture(levels, frame), f"Spectrogram of {name}, {sound.column}", frame
        )
    ]
    notes = list(sound.notes)
    if wanted is not None and original is not None:
        apart, mean = spectrogram.difference(levels, wanted, frame)
        text = f"Difference of {name}, {sound.column}, from the original: {mean:.1f} dB on average"
        pictures.append(_picture(apart, text, frame, "picture difference"))
        notes.insert(0, f"differs by {mean:.1f} dB")
        if abs(sound.seconds - original.seconds) > APART:
            longer = sound.seconds - original.seconds
            notes.append(f"{abs(longer):.2f} s {'longer' if longer > 0 else 'shorter'}")
    address = f"data:audio/{sound.kind};base64,{_base64(sound.encoded)}"
    player = tag(
        "audio",
        controls=True,
        preload="none",
        src=Markup(address),
        aria_label=f"{name}, {sound.column}",
        data_seconds=f"{sound.seconds:.4f}",
    )
    about = tag("span", f" {sound.about}", class_="about") if sound.about else None
    caption = tag("figcaption", tag("b", sound.column), about)
    below = tag("p", " · ".join(notes), class_="dim") if notes else None
    return tag("figure", caption, player, *pictures, below, class_="card", data_name=sound.column)


def _picture(data: bytes, text: str, frame: Frame, class_: str = "picture") -> Markup:
    address = Markup(f"data:image/png;base64,{_base64(data)}")
    image = void("img", src=address, alt=text, width=frame.columns, height=112)
    marks = [
        tag("span", label, style=f"bottom:{100 * place:.1f}%", aria_hidden="true")
        for label, place in frame.ticks()
    ]
    return tag("div", image, *marks, class_=class_)


def _head(gallery: Gallery, shown: Shown, seconds: float) -> Markup:
    """How much there is, how it is played, and what the colours mean."""
    if not shown.clips:
        return tag("p", "There are no clips to listen to.")
    amount = (
        f"{shown.clips} of {counted(len(gallery.names), 'clip')}"
        if shown.clips < len(gallery.names)
        else counted(shown.clips, "clip")
    )
    size = (
        f"{shown.audio_bytes / 1e6:.1f} MB"
        if shown.audio_bytes >= 1e5
        else (f"{shown.audio_bytes / 1e3:.0f} kB")
    )
    told = (
        f"{amount}, the first {number(seconds)} s of each at most; {size} of audio in this page. "
    )
    what = "Pictures of a row share one scale; frequencies in Hz are spaced as on the mel scale."
    keys = tag(
        "p",
        tag("button", "loop", type="button", id="loop", aria_pressed="false"),
        tag("span", _KEYS, class_="dim"),
        class_="keys",
    )
    paired = any(name in column.files for column in gallery.columns for name in gallery.originals)
    return join(tag("p", told, what), _legend(paired), keys)


_KEYS = Markup(
    " <kbd>space</kbd> plays and pauses · <kbd>←</kbd> <kbd>→</kbd> move · <kbd>1</kbd>–"
    "<kbd>9</kbd> switch within a row at the same place · <kbd>L</kbd> loops; "
    "a click in a picture goes there"
)


def _legend(paired: bool) -> Markup:
    """The two ramps of colour."""
    ramp = np.arange(palette.LEVELS, dtype=np.uint8)[None]
    places = [
        ("level", palette.level(), f"−{DYNAMIC_RANGE:.0f} dB", "loudest of the row", "ramp"),
        (
            "difference",
            palette.difference(),
            f"{LARGEST_DIFFERENCE:.0f} dB too quiet",
            f"{LARGEST_DIFFERENCE:.0f} dB too loud",
            "ramp difference",
        ),
    ]
    items = []
    for _, colours, low, high, class_ in places if paired else places[:1]:
        address = Markup(f"data:image/png;base64,{_base64(png.encode(ramp, colours))}")
        image = void("img", src=address, alt="to", class_=class_, width=90, height=10)
        items.append(tag("li", f"{low} ", image, f" {high}"))
    return tag("ul", *items, class_="legend")


def _sheets(gallery: Gallery, shown: Shown) -> Markup:
    """The contact sheets of runs that make sounds."""
    parts = []
    for name, file in gallery.sheets:
        try:
            data = file.read_bytes()
        except OSError as error:
            shown.left_out.append((str(file), error.strerror or str(error)))
            continue
        if len(data) <= LARGEST_SHEET:
            address = Markup(f"data:image/png;base64,{_base64(data)}")
            text = f"Spectrograms of many clips: {name}"
            parts.append(details(text, void("img", src=address, alt=text, class_="sheet")))
    return join(parts)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
