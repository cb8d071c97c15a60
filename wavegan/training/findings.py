"""Every file of a run, looked at: whole, damaged, or worth a remark."""

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
"""How often, and how many seconds apart, it is looked whether a checkpoint is being deleted."""

State = Literal["whole", "damaged", "missing", "note"]


@dataclass(frozen=True)
class Finding:
    """What was found of one file, or of one checkpoint.

    Attributes:
        name: relative to the run.
        state: `whole`; `damaged`; `missing`: not here though the run is in want of it; or `note`.
        text: what there is to say.
    """

    name: str
    state: State
    text: str

    def to_dict(self) -> dict[str, str]:
        """As JSON takes it."""
        return asdict(self)


def examine(run: Path) -> Iterator[Finding]:
    """Look at all that a run keeps; reads every byte, writes nothing.

    Files that a healthy run may be without, as `run.lock` where nobody trains, are passed over.

    Raises:
        UserError: it is no run's folder.
    """
    if not ((run / run_folder.RECIPE).exists() or (run / run_folder.FOLDER).is_dir()):
        raise UserError(
            f"{run}: no run's folder: it has neither {run_folder.RECIPE} nor {run_folder.FOLDER}/"
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
        how = "all as it was written" if known else "it opens; older versions kept no checksums"
        yield Finding(name, "whole" if known else "note", f"step {step:,}: {how}")
    for aside in sorted((run / run_folder.FOLDER).glob(f"*{whole.ASIDE}")):
        text = "put aside as damaged; remove it once you do not need it"
        yield Finding(f"{run_folder.FOLDER}/{aside.name}", "note", text)


def _dropped(run: Path, folder: Path) -> bool:
    """Whether a checkpoint is one that the run, which trains meanwhile, has just deleted."""
    for _ in range(LOOKS):
        if not folder.exists():
            return True
        owner = _owner(run)
        if owner is None or (owner.can_be_seen() and owner.lives() is False):
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
    return "whole", f"{counted(train, 'trains', 'train')}, {counted(held, 'is', 'are')} held out"


def _best(run: Path) -> tuple[State, str]:
    step = run_folder.marked(run)
    if step is None:
        return "whole", "none is the best: nothing was measured since validation has its clips"
    if step not in run_folder.checkpoints(run):
        return "damaged", f"it names step {step}, of which there is no checkpoint"
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
        return "note", "empty or damaged; the next start takes it over"
    if not owner.can_be_seen():
        return "note", f"{owner}: it cannot be seen from here whether it still trains"
    return (
        "note",
        f"{owner} {'trains here' if owner.lives() else 'was ended; the next start takes over'}",
    )


_FILES: dict[str, Callable[[Path], tuple[State, str]]] = {
    run_folder.RECIPE: _recipe,
    run_folder.METRICS: _metrics,
    SPLIT: _split,
    f"{run_folder.FOLDER}/{run_folder.BEST}": _best,
    LOCK: _lock,
}

_WANTED: dict[str, tuple[State, str]] = {
    run_folder.RECIPE: ("missing", "not here: the run cannot go on without it"),
    run_folder.METRICS: ("missing", "not here: status and report have nothing to tell"),
    SPLIT: ("note", "not here, as in older versions: going on divides files by data.validation"),
}
"""What there is to say of files that a run with checkpoints is without."""
