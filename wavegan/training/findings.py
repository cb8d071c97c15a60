"""Check every file of a run: whole, damaged or missing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from wavegan import checksums, recipe, run_folder, sealed
from wavegan.counted import counted
from wavegan.errors import UserError
from wavegan.progress import lines
from wavegan.training import whole
from wavegan.training.kept_split import FILE as SPLIT
from wavegan.training.kept_split import KeptSplit
from wavegan.training.lock import LOCK
from wavegan.training.owner import Owner

LOOKS, WAIT = 10, 0.1
"""How often, and at which interval in seconds, to check whether a checkpoint is being deleted."""

State = Literal["whole", "damaged", "missing", "note"]


@dataclass(frozen=True)
class Finding:
    """The result for one file or one checkpoint.

    Attributes:
        name: path relative to the run.
        state: `whole`, `damaged`, `missing` (the run needs it) or `note`.
        text: explanation.
    """

    name: str
    state: State
    text: str

    def to_dict(self) -> dict[str, str]:
        """Return a dictionary for JSON."""
        return asdict(self)


def examine(run: Path) -> Iterator[Finding]:
    """Check all files of a run; reads every byte, writes nothing.

    Missing files that a healthy run does not need (`run.lock` while nobody trains) are not listed.

    Raises:
        UserError: the folder is not a run.
    """
    if not ((run / run_folder.RECIPE).exists() or (run / run_folder.FOLDER).is_dir()):
        raise UserError(
            f"{run}: not a run: it has neither {run_folder.RECIPE} nor {run_folder.FOLDER}/: give "
            "the folder of a run"
        )
    for name, look in _FILES.items():
        if found := _looked_at(run, name, look):
            yield found
    for step, folder in run_folder.folders(run).items():
        name = f"{run_folder.FOLDER}/{folder.name}"
        try:
            whole.check(folder)
        except (UserError, OSError) as error:
            if not _dropped(run, folder):
                yield Finding(name, "damaged", " ".join(str(error).split()))
            continue
        known = (folder / checksums.NAME).is_file()
        how = "checksums are right" if known else "it opens; older versions kept no checksums"
        yield Finding(name, "whole" if known else "note", f"step {step:,}: {how}")
    for aside in sorted((run / run_folder.FOLDER).glob(f"*{whole.ASIDE}")):
        text = "moved aside as damaged; remove it when you no longer need it"
        yield Finding(f"{run_folder.FOLDER}/{aside.name}", "note", text)


def _dropped(run: Path, folder: Path) -> bool:
    """Whether a running training has just deleted this checkpoint."""
    for _ in range(LOOKS):
        if not folder.exists():
            return True
        owner = _owner(run)
        if owner is None or (owner.can_be_seen() and owner.is_alive() is False):
            return False
        time.sleep(WAIT)
    return False


def _looked_at(run: Path, name: str, look: Callable[[Path], tuple[State, str]]) -> Finding | None:
    try:
        if not (run / name).exists():
            wanted = name in _WANTED and run_folder.checkpoints(run)
            return Finding(name, *_WANTED[name]) if wanted else None
        return Finding(name, *look(run))
    except (UserError, OSError) as error:
        return Finding(name, "damaged", " ".join(str(error).split()))


def _recipe(run: Path) -> tuple[State, str]:
    file = run / run_folder.RECIPE
    found = sealed.state(file)
    recipe.load(str(file))
    return "whole" if found is sealed.Seal.WHOLE else "note", found.value


def _metrics(run: Path) -> tuple[State, str]:
    found = lines.read(run / run_folder.METRICS)
    if found.damage:
        return "damaged", found.damage
    return "whole", found.note or counted(len(found.whole), "line")


def _split(run: Path) -> tuple[State, str]:
    kept = KeptSplit.read(run) or KeptSplit(frozenset(), frozenset())
    train, held = len(kept.train), len(kept.validation)
    return "whole", f"{counted(train, 'training file')}, {held} held out"


def _best(run: Path) -> tuple[State, str]:
    step = run_folder.marked(run)
    if step is None:
        return "whole", "no best step: no validation since the validation clips changed"
    if step not in run_folder.checkpoints(run):
        return "damaged", f"it names step {step}, but there is no such checkpoint"
    return "whole", f"step {step:,}"


def _owner(run: Path) -> Owner | None:
    try:
        with (run / LOCK).open("rb") as stream:
            return Owner.from_json(stream.read(4096).decode(errors="replace"))
    except FileNotFoundError:
        return None


def _lock(run: Path) -> tuple[State, str]:
    owner = _owner(run)
    if owner is None:
        return "note", "empty or damaged; the next training takes it over"
    if not owner.can_be_seen():
        return "note", f"{owner}: whether it still trains is unknown on this host"
    return (
        "note",
        f"{owner} "
        + ("trains here" if owner.is_alive() else "has ended; the next training takes over"),
    )


_FILES: dict[str, Callable[[Path], tuple[State, str]]] = {
    run_folder.RECIPE: _recipe,
    run_folder.METRICS: _metrics,
    SPLIT: _split,
    f"{run_folder.FOLDER}/{run_folder.BEST}": _best,
    LOCK: _lock,
}

_WANTED: dict[str, tuple[State, str]] = {
    run_folder.RECIPE: ("missing", "the run cannot resume without it"),
    run_folder.METRICS: ("missing", "status and report have no data without it"),
    SPLIT: ("note", "missing, as in older versions: resuming splits files by data.validation"),
}
"""Results for missing files of a run with checkpoints."""
