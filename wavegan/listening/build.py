"""From folders of clips to a page for listeners."""

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
from wavegan.pages import made_here
from wavegan.readable import PROSE, escaped
from wavegan.targets import check_folder

EMBEDDED = 60_000_000
"""Bytes of sound up to which everything goes into one file."""
MOST_CONDITIONS = 12
"""More than a listener can compare at once (ITU-R BS.1534-3)."""
SHOWN = 3
"""Files that are named for one reason."""
Note = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """A page, and what is in it.

    Attributes:
        page: the file to open.
        id: of the test. It is in the results, and only results of one id are scored together.
        test: "mushra" or "abx".
        trials: how many a listener hears.
        conditions: names and roles ("system", "reference", "anchor").
        clips: those that were drawn: name, seconds, rate, and the gains in dB by condition.
        left_out: files that no trial uses.
        embedded: whether the page is one file.
        bytes: of page and sounds.
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
        """As JSON takes it."""
        return asdict(self)


def build(
    systems: Sequence[Path], out: Path, plan: ListeningTest, *, note: Note, force: bool = False
) -> Built:
    """Write a page for a blind test.

    Args:
        systems: folders, one a system; clips are paired by their names without extension.
        out: folder for the page; an earlier page of ours is replaced, and that is told.
        plan: what kind of test.
        note: hears what a person should know, a line at a time.
        force: replace a page that is not ours, too.

    Raises:
        UserError: a folder that cannot be used, or no clip in all of them.
    """
    plan.check(systems)
    read = [*systems, *([plan.reference] if plan.reference else [])]
    earlier = made_here(out / "index.html", page.MARK)
    check_folder(out, own=("index.html", "audio"), inputs=read, force=force or earlier)
    if earlier:
        note(f"{out}: the earlier page is replaced")
    left_out: list[LeftOut] = []
    folders = dict(zip(pairing.names(systems), systems, strict=True))
    if plan.reference is not None:
        folders = {REFERENCE: plan.reference, **folders}
    sources = [pairing.open_source(name, root, left_out) for name, root in folders.items()]
    candidates = pairing.common(sources, left_out)
    _tell_what_lacks(plan, note)
    with atomic.folder(out) as folder:
        (folder / "audio").mkdir()
        sounds = Sounds(folder / "audio", plan.seed)
        _draw(sources, candidates, plan, sounds, left_out)
        built = _write(folder, plan, sounds, left_out, out / "index.html")
    _tell(built, sounds, plan, note)
    return built


def _draw(
    sources: Sequence[Source],
    candidates: Sequence[str],
    plan: ListeningTest,
    sounds: Sounds,
    left_out: list[LeftOut],
) -> None:
    """Encode one clip of each stretch: the first that can be used."""
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
    """Write the page, and sum up."""
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
    """What the page may know: file names, in an order that says nothing."""
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
    """Each system with the reference, or each two systems."""
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


def _tell_what_lacks(plan: ListeningTest, note: Note) -> None:
    missing = level.meter_missing() if plan.match_loudness else None
    if missing is not None:
        note(missing)
    if not plan.match_loudness:
        note("levels are left as they are: the louder of two clips tends to win")
    if plan.test == "mushra" and plan.reference is None:
        note("no --reference: systems are rated beside each other, without reference and anchors")


def _tell_left_out(left_out: Sequence[LeftOut], note: Note) -> None:
    """Each file, but of many for one reason only the first few."""
    told: Counter[tuple[str, str]] = Counter()
    for entry in left_out:
        alike = (entry.system, entry.reason)
        told[alike] += 1
        if told[alike] <= SHOWN:
            note(f"left out: {entry}")
    for (system, reason), count in told.items():
        if count > SHOWN:
            note(f"left out: {system}: {count - SHOWN} more: {reason}")


def _tell(built: Built, sounds: Sounds, plan: ListeningTest, note: Note) -> None:
    _tell_left_out(built.left_out, note)
    for stimuli in (clip.stimuli for clip in sounds.drawn):
        for line in stimuli.notes:
            note(f"{printable(stimuli.clip)}: {line}")
        largest = max(stimuli.gains.items(), key=lambda item: abs(item[1]))
        if abs(largest[1]) >= 6:
            note(f"{printable(stimuli.clip)}: {largest[0]} was {-largest[1]:+.1f} dB off")
    names = [condition["name"] for condition in built.conditions]
    lacking = [name for name in ANCHORS if plan.filtered and name not in names]
    if lacking:
        note(f"no {' and no '.join(lacking)}: the reference's sample rate is too low for it")
    if plan.test == "mushra" and len(names) > MOST_CONDITIONS:
        note(f"{len(names)} conditions in a trial: more than {MOST_CONDITIONS} tire listeners")
