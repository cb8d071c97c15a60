"""Search the front-end that made a mel: first the presets, then presets with changed fields."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from wavegan.diagnosis.mel_trials import FRAMES_OFF, Changes, Recording, Trial
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel

# Largest mean difference in nepers for the same front-end on audio that was resampled or rounded to
# 16 bits; and 1 - r^2 beyond which it is probably another recording.
CLOSE, STRANGE = 0.06, 0.2
_RATES = (16000, 22050, 24000, 32000, 44100, 48000)
_HOPS = (
    *(64, 80, 100, 110, 120, 128, 160, 200, 220, 240, 256, 275, 300, 320, 400, 441, 480, 512),
    *(600, 640, 768, 882, 960, 1024),
)
_BEAM, _DEPTH = 3, 2
Attempt = tuple[str, Changes, str]


def presets(recording: Recording) -> list[Trial]:
    """All unchanged presets with fitting shapes, nearest first."""
    names, layouts = Mel.preset_names(), recording.layouts()
    plans: list[Attempt] = [(name, {}, layout) for name in names for layout in layouts]
    return sorted(_tried(recording, plans, set()), key=nearness)


def matching(found: list[Trial], recording: Recording) -> list[Trial]:
    """The presets that match as well as the nearest, if that one matches."""
    good = [trial for trial in found if trial.cost == 0 and explains(trial, recording)]
    if not good:
        return []
    # A difference twenty times that of the nearest is not rounding.
    bound = max(20 * min(trial.worst for trial in good), 1e-4)
    return [trial for trial in good if trial.worst <= bound]


def search(recording: Recording, found: list[Trial]) -> Trial | None:
    """The matching front-end with the fewest changed fields, or else the nearest.

    Args:
        recording: the mel and its audio.
        found: the result of `presets`.
    """
    seen = {(trial.spec, trial.layout) for trial in found}
    found = found + _tried(recording, sorted(_reshaped(recording), key=_size), seen)
    near = bool(found) and min(trial.mean for trial in found) <= CLOSE
    for depth in range(_DEPTH + 1):
        good = [trial for trial in found if explains(trial, recording)]
        if good:
            return _renamed(min(good, key=lambda trial: _simplicity(trial, recording)))
        strange = not found or min(trial.unlike for trial in found) > 2 * STRANGE
        if strange or depth == _DEPTH - near:
            break
        for plans in _changed(found):
            found = found + _tried(recording, plans, seen)
            # Statistics may hide a changed field that a later start would find.
            if any(explains(trial, recording) and not trial.statistics for trial in found):
                break
    return min(found, key=nearness, default=None)


def explains(trial: Trial, recording: Recording) -> bool:
    """Whether a front-end matches this mel within its tolerance."""
    return trial.excess <= recording.tolerance


def nearness(trial: Trial) -> tuple[float, float]:
    """Sorting key."""
    return trial.mean, trial.worst


def _tried(
    recording: Recording, plans: Iterable[Attempt], seen: set[tuple[Mel, str]]
) -> list[Trial]:
    """Run trials, each front-end once, except for equal presets with different names."""
    trials = []
    for preset, changes, layout in plans:
        try:
            key = (replace(Mel.preset(preset), **changes), layout)
        except UserError:
            continue
        if changes and key in seen:
            continue
        seen.add(key)
        trial = recording.trial(preset, changes, layout)
        if trial is not None:
            trials.append(trial)
    return trials


def _simplicity(trial: Trial, recording: Recording) -> tuple[object, ...]:
    """Sorting key: few changes first, then the file's own rate and the right number of frames."""
    spec = Mel.preset(trial.preset)
    normalised = trial.statistics is not None and (spec.mean, spec.scale) != (None, None)
    elsewhere = trial.spec.sample_rate != recording.rate
    return trial.cost, normalised, elsewhere, trial.frames[0] != trial.frames[1], trial.worst


def _renamed(trial: Trial) -> Trial:
    """The same front-end, described by the preset with the fewest differences."""
    not_searched = ("layout", "output_rate", "precision")
    names = [field.name for field in fields(Mel) if field.name not in not_searched]
    best = trial
    for preset in Mel.preset_names():
        spec = Mel.preset(preset)
        changes = {n: getattr(trial.spec, n) for n in names
                   if getattr(spec, n) != getattr(trial.spec, n)}  # fmt: skip
        if len(changes) < len(best.changes):
            best = replace(trial, preset=preset, changes=changes)
    return best


def _changed(found: list[Trial]) -> Iterator[list[Attempt]]:
    """The next attempts: the most similar trials in any units, and the nearest, with one change."""
    ways: dict[tuple[str, str, str], Trial] = {}
    for trial in sorted(found, key=nearness):
        others = {key: value for key, value in trial.changes.items() if key != "log"}
        ways.setdefault((trial.preset, trial.layout, repr(others)), trial)
    nearest = list(ways.values())
    likest = sorted(nearest, key=lambda trial: (round(trial.unlike, 6), trial.cost))
    presets_first = [trial for trial in likest if trial.cost == 0]
    starts = []
    for trial in (*likest[:_BEAM], *presets_first[:2], *nearest[:1]):
        if trial not in starts:
            starts.append(trial)
    for start in starts:
        base = Mel.preset(start.preset)
        plans: list[Attempt] = []
        for changes in _variations(start.spec):
            merged = {**start.changes, **changes}
            merged = {key: value for key, value in merged.items() if getattr(base, key) != value}
            plans.append((start.preset, merged, start.layout))
        yield plans


def _reshaped(recording: Recording) -> Iterator[Attempt]:
    """Presets with another rate, number of bands or hop that make the shapes fit."""
    for name in Mel.preset_names():
        base = Mel.preset(name)
        for layout in recording.layouts():
            bands, frames = recording.oriented(layout).shape
            sized: Changes = {} if bands == base.n_mels else {"n_mels": bands}
            for rate in dict.fromkeys((base.sample_rate, recording.rate, *_RATES)):
                rated = {**sized, **_at_rate(base, rate)}
                own = rate in (base.sample_rate, recording.rate)
                for hop in _hops(base, recording.samples(rate), frames, own):
                    changes = {**rated, **({} if hop == base.hop_length else {"hop_length": hop})}
                    if changes:
                        yield name, changes, layout


def _size(plan: Attempt) -> int:
    return len(plan[1])


def _at_rate(base: Mel, rate: int) -> Changes:
    """Changes for another rate, with a new f_max if the old one is above half of it."""
    if rate == base.sample_rate:
        return {}
    top = {"f_max": rate / 2} if (base.f_max or 0) > (base.filterbank_rate or rate) / 2 else {}
    return {"sample_rate": rate, **top}


def _hops(base: Mel, samples: int, frames: int, own: bool) -> list[int]:
    """Hops that give the number of frames: the preset's, or else others at likely rates."""
    if abs(samples // base.hop_length - frames) <= FRAMES_OFF:
        return [base.hop_length]
    return [hop for hop in _HOPS if own and 0 <= frames - samples // hop <= 1]


def _variations(spec: Mel) -> Iterator[Changes]:
    """Changes of one field, or of two related fields."""
    half = spec.bank_rate / 2
    menu: dict[str, Iterable[Any]] = {
        "magnitude_eps": (0.0, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5),
        "magnitude_floor": (0.0, 1e-12, 1e-10, 1e-8, 1e-5),
        "log": ("ln", "log10", "db"),
        "power": (1, 2),
        "periodic": (True, False),
        "f_max": (7000, 7600, 8000, 10000, 11000, 11025, 12000, 16000, 20000, half),
        "f_min": (0, 20, 30, 40, 50, 55, 80, 90, 95, 125),
        "win_length": (400, 512, 600, 640, 800, 1000, 1024, 1100, 1200, 1280, 2048, spec.n_fft),
        "filterbank_rate": (None, 16000, 22050, 24000),
    }
    for name, values in menu.items():
        yield from ({name: value} for value in values)
    for mode in ("clamp", "add"):
        yield from ({"floor": 10.0**-e, "floor_mode": mode} for e in range(13))
    for scale in ("slaney", "htk"):
        yield from ({"mel_scale": scale, "mel_norm": norm} for norm in ("slaney", None))
    for padding in ("same", "center"):
        yield from ({"padding": padding, "pad_mode": mode} for mode in ("reflect", "zero"))
    for size in (512, 1024, 2048, 4096):
        yield {"n_fft": size, "win_length": size}
        yield {"n_fft": size}
    if spec.mask_last is not None:
        yield {"mask_last": None}
