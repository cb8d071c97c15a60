"""Build the page of a listening test from folders of clips."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wavegan import __version__, atomic
from wavegan.counted import counted
from wavegan.data.manifest import printable
from wavegan.data.pairs import LeftOut
from wavegan.errors import UserError
from wavegan.listening import level, page, pairing
from wavegan.listening.pairing import ANCHORS, REFERENCE, Source
from wavegan.listening.plan import ListeningTest
from wavegan.listening.sounds import Sounds
from wavegan.listening.stimuli import Stimuli, prepare
from wavegan.pages import is_own_page
from wavegan.readable import PROSE, escaped
from wavegan.targets import check_folder

EMBEDDED = 60_000_000
"""Up to this many bytes of audio, everything goes into one file."""
MOST_CONDITIONS = 12
"""The most conditions that a listener can compare in one trial (ITU-R BS.1534-3)."""
SHOWN = 3
"""At most this many files are listed for each reason."""
Note = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """A page and its content.

    Attributes:
        page: the file to open.
        id: of the test. Results carry it, and only results with the same id are scored together.
        test: "mushra" or "abx".
        trials: number of trials for each listener.
        conditions: names and roles ("system", "reference", "anchor").
        clips: the clips of the test: name, seconds, rate, and the gains in dB by condition.
        left_out: unused files.
        embedded: whether the page is one file.
        bytes: of page and audio.
    """

    page: str
    id: str
    test: str
    trials: int
    conditions: list[dict[str, str]]
    clips: list[dict[str, object]]
    left_out: list[LeftOut]
    embedded: bool
    bytes: int

    def to_dict(self) -> dict[str, object]:
        """The page's description as a JSON object."""
        return asdict(self)


def build(
    systems: Sequence[Path], out: Path, plan: ListeningTest, *, note: Note, force: bool = False
) -> Built:
    """Write a page for a blind test.

    Args:
        systems: one folder for each system; clips are paired by name without extension.
        out: folder for the page; an earlier listening page is replaced, with a note.
        plan: options of the test.
        note: called with each note for the user.
        force: replace other files, too.

    Raises:
        UserError: a folder cannot be used, or no clip is in all of them.
    """
    plan.check(systems)
    read = [*systems, *([plan.reference] if plan.reference else [])]
    earlier = is_own_page(out / "index.html", page.MARK)
    check_folder(out, own=("index.html", "audio"), inputs=read, force=force or earlier)
    if earlier:
        note(f"{out}: an earlier page is replaced")
    left_out: list[LeftOut] = []
    folders = dict(zip(pairing.names(systems), systems, strict=True))
    if plan.reference is not None:
        folders = {REFERENCE: plan.reference, **folders}
    sources = [pairing.open_source(name, root, left_out) for name, root in folders.items()]
    candidates = pairing.common(sources, left_out)
    _note_missing(plan, note)
    with atomic.folder(out) as folder:
        (folder / "audio").mkdir()
        sounds = Sounds(folder / "audio", plan.seed)
        _draw(sources, candidates, plan, sounds, left_out)
        built = _write(folder, plan, sounds, left_out, out / "index.html")
    _note_results(built, sounds, plan, note)
    return built


def _draw(
    sources: Sequence[Source],
    candidates: Sequence[str],
    plan: ListeningTest,
    sounds: Sounds,
    left_out: list[LeftOut],
) -> None:
    """Encode one clip of each stretch: the first usable one."""
    for stretch in pairing.spread(candidates, plan.clips, plan.seed):
        for clip in stretch:
            try:
                stimuli = prepare(
                    sources,
                    clip,
                    seconds=plan.seconds,
                    match=plan.match_loudness,
                    anchors=plan.filtered,
                )
            except UserError as error:
                left_out.append(LeftOut("", printable(clip), str(error)))
                continue
            sounds.add(stimuli, known_reference=plan.test == "mushra")
            break
    if not sounds.drawn:
        raise UserError(
            f"none of the {counted(len(candidates), 'clip')} can be used: {left_out[-1]}"
        )


def _write(
    folder: Path, plan: ListeningTest, sounds: Sounds, left_out: list[LeftOut], final: Path
) -> Built:
    """Write the page and describe it."""
    trials = _trials(plan, sounds)
    conditions = list(dict.fromkeys(name for clip in sounds.drawn for name in clip.files))
    clips = [_clip(clip.stimuli) for clip in sounds.drawn]
    key = {
        "files": sounds.files,
        "conditions": [{"name": name, "role": _role(name)} for name in conditions],
        "clips": clips,
        "settings": {
            "seed": plan.seed,
            "match_loudness": plan.match_loudness,
            "seconds": plan.seconds,
            "trials_a_pair": plan.trials if plan.test == "abx" else None,
            "version": __version__,
        },
    }
    identity = sounds.identity(json.dumps([plan.test, plan.title, trials, key]))
    scripts = [sounds.path(name) for name in sounds.files]
    size = sum(script.stat().st_size for script in scripts)
    embed = size <= EMBEDDED if plan.embed is None else plan.embed
    test = {
        "id": identity,
        "test": plan.test,
        "title": escaped(plan.title.strip(), PROSE),
        "reference": plan.reference is not None,
        "embedded": embed,
        "trials": trials,
        "key": page.concealed(key, identity),
    }
    return Built(
        page=str(final),
        id=identity,
        test=plan.test,
        trials=len(trials),
        conditions=[{"name": name, "role": _role(name)} for name in conditions],
        clips=clips,
        left_out=left_out,
        embedded=embed,
        bytes=page.write(folder, test, scripts, embed=embed),
    )


def _trials(plan: ListeningTest, sounds: Sounds) -> list[dict[str, object]]:
    """The trials for the page: only file names, in a random order."""
    rng = random.Random(f"order {plan.seed}")  # noqa: S311  # reproducible, and no secret
    trials: list[dict[str, object]] = []
    for clip in sounds.drawn if plan.test == "mushra" else ():
        hidden = list(clip.files.values())
        rng.shuffle(hidden)
        trials.append({"files": hidden, "seconds": clip.stimuli.seconds})
        if clip.reference is not None:
            trials[-1]["reference"] = clip.reference
    for pair in _pairs(plan, sounds) if plan.test == "abx" else ():
        for number in range(plan.trials):
            clip = sounds.drawn[number % len(sounds.drawn)]
            both = [clip.files[name] for name in pair]
            rng.shuffle(both)
            trials.append({"files": both, "seconds": clip.stimuli.seconds})
    return trials


def _pairs(plan: ListeningTest, sounds: Sounds) -> list[tuple[str, str]]:
    """Pairs of each system with the reference, or of every two systems."""
    systems = [name for name in sounds.drawn[0].files if name != REFERENCE]
    if plan.reference is not None:
        return [(REFERENCE, name) for name in systems]
    return list(itertools.combinations(systems, 2))


def _clip(stimuli: Stimuli) -> dict[str, object]:
    return {
        "name": stimuli.clip,
        "seconds": round(stimuli.seconds, 3),
        "sample_rate": stimuli.sample_rate,
        "gains_db": {name: round(gain, 2) for name, gain in stimuli.gains.items()},
        "levels": stimuli.method,
        "notes": list(stimuli.notes),
    }


def _role(condition: str) -> str:
    if condition == REFERENCE:
        return "reference"
    return "anchor" if condition in ANCHORS else "system"


def _note_missing(plan: ListeningTest, note: Note) -> None:
    missing = level.meter_missing() if plan.match_loudness else None
    if missing is not None:
        note(missing)
    if not plan.match_loudness:
        note("levels are not matched: listeners tend to prefer the louder clip")
    if plan.test == "mushra" and plan.reference is None:
        note("no --reference: systems are rated against each other, without reference and anchors")


def _note_left_out(left_out: Sequence[LeftOut], note: Note) -> None:
    """Report files that are left out, but only the first few for each reason."""
    counts: Counter[tuple[str, str]] = Counter()
    for entry in left_out:
        kind = (entry.system, entry.reason)
        counts[kind] += 1
        if counts[kind] <= SHOWN:
            note(f"left out: {entry}")
    for (system, reason), count in counts.items():
        if count > SHOWN:
            note(f"left out: {system}: {count - SHOWN} more: {reason}")


def _note_results(built: Built, sounds: Sounds, plan: ListeningTest, note: Note) -> None:
    _note_left_out(built.left_out, note)
    for stimuli in (clip.stimuli for clip in sounds.drawn):
        for line in stimuli.notes:
            note(f"{printable(stimuli.clip)}: {line}")
        largest = max(stimuli.gains.items(), key=lambda item: abs(item[1]))
        if abs(largest[1]) >= 6:
            name, gain = largest
            note(f"{printable(stimuli.clip)}: {name} was {-gain:+.1f} dB off in level")
    names = [condition["name"] for condition in built.conditions]
    lacking = [name for name in ANCHORS if plan.filtered and name not in names]
    if lacking:
        note(f"no {' and no '.join(lacking)}: the reference's sample rate is too low for it")
    if plan.test == "mushra" and len(names) > MOST_CONDITIONS:
        note(f"{len(names)} conditions in a trial are too many: use at most {MOST_CONDITIONS}")
