"""What a run would be, before it is one: sizes, hours, time, memory and disk."""

from pathlib import Path
from typing import Any

import torch

from wavegan import bundle
from wavegan.device import choose
from wavegan.recipe import Recipe
from wavegan.training import estimate, files, files_report, room, warm_start, whole
from wavegan.training.assembly import FEW, assemble, fit, labelled, settle
from wavegan.training.footprint import footprint
from wavegan.training.history import History
from wavegan.training.measured import fingerprint


def describe(
    recipe: Recipe,
    run: Path | None = None,
    *,
    device: str = "auto",
    processes: int = 1,
    trust_code: bool = False,
) -> dict[str, Any]:
    """What a run would be: sizes of the networks, hours of audio, epochs. Writes nothing.

    Args:
        recipe: resolved.
        run: where it would go; with it a few steps are run, for what it takes in time, memory and
            disk (see `estimate.of`).
        device: as that of `prepare`.
        processes: how many would train together.
        trust_code: as in `parts.build`.

    Raises:
        UserError: as `prepare` does.
    """
    notes: list[str] = []
    goes_on = run is not None and bool(bundle.checkpoints(run))
    if run is not None and goes_on:
        notes += whole.foresee(run)
    before = History.of(run, recipe) if run is not None and goes_on else History()
    recipe, model = settle(recipe, goes_on, notes.append)
    check, build = room.makers(run if goes_on else None, trust_code, model)
    check(recipe)
    found = files.find(recipe, before)
    before.tell(found.manifest, found.split, fingerprint(recipe, found), notes.append)
    recipe = labelled(recipe, found)
    made = build(recipe)
    if model is not None:
        warm_start.load_weights(made, model, notes.append)
    segments = files.segments(recipe, found, made.terms.task.conditioner())
    fits = files_report.compare(found)
    training = recipe.training
    judge = made.discriminator
    plan = {
        "generator_parameters": sum(p.numel() for p in made.generator.parameters()),
        "discriminator_parameters": sum(p.numel() for p in judge.parameters()) if judge else 0,
        "sample_rate": made.config.sample_rate,
        **files_report.describe(found, fits),
        "labels": list(recipe.data.labels or ()),
        "steps": training.steps,
        "epochs": round(training.steps * training.batch_size / len(segments), 2),
        "notes": [*notes, *found.notes, *files_report.mel_warnings(found, fits)],
    }
    if run is None:
        return plan
    fit(made, segments, FEW)
    there, low = choose(device), training.precision == "bf16"
    train_state, step = assemble(
        recipe, made, there, lambda: torch.autocast(there.type, torch.bfloat16, enabled=low)
    )
    held_out = [clip.seconds for clip in found.split.validation or found.split.train]
    sizes = footprint(recipe, made, train_state.networks, held_out)
    return plan | estimate.of(recipe, step, segments, sizes, run, there, processes)
