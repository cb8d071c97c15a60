"""The plan of a run for `--dry-run`: sizes, hours of audio, time, memory and disk."""

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
    """Describe a run: sizes of the networks, hours of audio, epochs. Writes nothing.

    Args:
        recipe: resolved.
        run: the run's folder. If given, run a few steps to estimate time, memory and disk (see
            `estimate.of`).
        device: as in `prepare`.
        processes: number of training processes.
        trust_code: as in `parts.build`.

    Raises:
        UserError: as in `prepare`.
    """
    notes: list[str] = []
    resumes = run is not None and bool(bundle.checkpoints(run))
    if run is not None and resumes:
        notes += whole.settle_notes(run)
    before = History.of(run, recipe) if run is not None and resumes else History()
    recipe, model = settle(recipe, resumes, notes.append)
    check, build = room.makers(run if resumes else None, trust_code, model)
    check(recipe)
    found = files.find(recipe, before)
    before.report(found.manifest, found.split, fingerprint(recipe, found), notes.append)
    recipe = labelled(recipe, found)
    made = build(recipe)
    if model is not None:
        warm_start.load_weights(made, model, notes.append)
    segments = files.segments(recipe, found, made.terms.task.conditioner())
    fits = files_report.compare(found)
    training = recipe.training
    d = made.discriminator
    plan = {
        "generator_parameters": sum(p.numel() for p in made.generator.parameters()),
        "discriminator_parameters": sum(p.numel() for p in d.parameters()) if d else 0,
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
