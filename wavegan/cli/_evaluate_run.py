"""Run an evaluation for `wavegan evaluate`: from parsed arguments to results, without printing."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wavegan import atomic
from wavegan.cli._evaluate_inputs import Limit, check_limits, is_model, names
from wavegan.cli.console import Stages
from wavegan.errors import UserError, suggest
from wavegan.targets import check_folder


@dataclass(frozen=True)
class EvaluationInputs:
    """Where the clips come from, and where progress goes."""

    reference: Path
    estimates: Sequence[Path]
    models: Sequence[Path]
    against: str | None
    device: str
    stages: Stages
    trust_code: bool = False

    def note(self, text: str) -> None:
        """Print one line."""
        self.stages.note(text)


@dataclass(frozen=True)
class Result:
    """Results: as JSON, as a table, and the means by system and metric.

    `left_out` counts the clips that were not measured, by system, for systems that have some.
    """

    to_dict: Callable[[], dict[str, Any]]
    show: Callable[[], None]
    means: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, int] = field(default_factory=dict)


def run_sets(
    given: EvaluationInputs,
    keys: Sequence[str] | None,
    embedding: str,
    held_out: Path | None,
    wanted: Sequence[Limit],
) -> Result:
    """Compare sets of clips."""
    from wavegan.device import choose
    from wavegan.evaluation.sets import compare_sets, set_metric_names

    check_limits(wanted, set_metric_names(keys))
    show = given.stages.show
    folders = dict(zip(names(given.estimates), given.estimates, strict=True))
    with given.stages.live():
        found = compare_sets(
            given.reference,
            folders,
            embedding=embedding,
            metrics=keys,
            held_out=held_out,
            device=choose(given.device),
            note=given.note,
            progress=lambda name, done, clips: show(f"embedding {name}", done, clips),
        )
    from wavegan.cli._evaluate_table import print_sets

    means = {r.name: {k: figure.mean for k, figure in r.figures.items()} for r in found.systems}
    return Result(found.to_dict, lambda: print_sets(found), means)


def run_pairs(
    given: EvaluationInputs,
    keys: Sequence[str] | None,
    wanted: Sequence[Limit],
    *,
    save: Path | None,
    force: bool,
    only: Sequence[str] | None,
    count: int | None,
    **options: Any,
) -> Result:
    """Compare systems with references; `options` are those of `compare`."""
    from wavegan.evaluation.compare import compare
    from wavegan.evaluation.copies import copied
    from wavegan.evaluation.selection import choose

    columns = choose(keys, given.note)
    check_limits(wanted, list(columns))
    folders, models, against = _systems(given)
    _check_save(given, save, list(models), force)
    with given.stages.live(), _kept(save) as out:
        systems: dict[str, Any] = dict(folders)
        mel = None
        if models:
            copies = _copies(given, models, out, only, count)
            systems |= {name: made.system for name, made in copies.items()}
            first = next(iter(copies.values()))
            mel = first.mel
            if count is not None:
                # `count` clips were chosen among the usable ones; choosing again gives others
                only, count = copied(first), None
        found = compare(
            given.reference,
            systems,
            metrics=list(columns),
            against=against,
            mel=mel,
            only=only,
            count=count,
            note=given.note,
            progress=given.stages.of("measuring"),
            **options,
        )
    from wavegan.cli._evaluate_table import print_evaluation

    means = {row.name: {key: i.mean for key, i in row.means.items()} for row in found.systems}
    left_out = {row.name: len(row.left_out) for row in found.systems if row.left_out}
    return Result(found.to_dict, lambda: print_evaluation(found), means, left_out)


def _systems(given: EvaluationInputs) -> tuple[dict[str, Path], dict[str, Path], str | None]:
    """Folders and models by name, and the name of the one to compare with."""
    folders, models = list(given.estimates), list(given.models)
    for folder in folders:
        if is_model(folder):
            raise UserError(f"{folder}: a model, not a folder of clips: give it with --model")
    other = None
    if given.against is not None and given.against not in names([*folders, *models]):
        other = Path(given.against)
        if not other.exists():
            near = suggest(given.against, names([*folders, *models]))
            raise UserError(f"--against {given.against}: no such system, no such path{near}")
        (models if is_model(other) else folders).append(other)
    called = names([*folders, *models])
    by_name = dict(zip(called, [*folders, *models], strict=True))
    against = given.against if other is None else next(n for n, p in by_name.items() if p == other)
    split = len(folders)
    return (
        {name: by_name[name] for name in called[:split]},
        {name: by_name[name] for name in called[split:]},
        against,
    )


def _copies(
    given: EvaluationInputs,
    models: Mapping[str, Path],
    out: Path,
    only: Sequence[str] | None,
    count: int | None,
) -> Mapping[str, Any]:
    from wavegan.data.scan import scan
    from wavegan.device import choose
    from wavegan.evaluation.copies import copy_synthesis

    show = given.stages.show
    # clips in --list are measured even if wavegan made them
    data = scan(given.reference, on_progress=given.stages.of("scanning"), keep_own=only is not None)
    for line in data.passed_over:
        given.note(line)
    return copy_synthesis(
        models,
        data,
        out,
        device=choose(given.device),
        only=only,
        count=count,
        trust_code=given.trust_code,
        progress=lambda name, done, clips: show(f"vocoding with {name}", done, clips),
    )


def _check_save(
    given: EvaluationInputs, save: Path | None, models: Sequence[str], force: bool
) -> None:
    """Check that the copies may be written there; those of an earlier evaluation are replaced."""
    if save is None:
        return
    from wavegan.evaluation.copies import folder_name

    there = [entry.name for entry in save.iterdir()] if save.is_dir() else []
    originals = [name for name in there if name.startswith("reference")]
    check_folder(
        save,
        own=[*map(folder_name, models), *originals],
        inputs=[given.reference, *given.estimates, *given.models],
        option="--save",
        force=force,
    )


@contextmanager
def _kept(save: Path | None) -> Iterator[Path]:
    """A folder for the models' output: `save`, written completely or not at all, or a temporary."""
    if save is not None:
        with atomic.folder(save) as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(prefix="wavegan-evaluate-") as name:
        yield Path(name)
