"""`wavegan train --dry-run`: print what would run, and the time, memory and disk it takes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wavegan.counted import counted

if TYPE_CHECKING:
    from wavegan.cli._train_run import TrainingRequest

MOSTLY = 0.5
"""If discriminators are more than this share of a checkpoint, the output mentions it."""


def describe(asked: "TrainingRequest", device: str, processes: int, as_json: bool) -> None:
    """Print what would run, and the time, memory and disk it would take."""
    from wavegan.data.manifest import printable
    from wavegan.training.plan import describe

    run = asked.run
    plan = describe(asked.recipe, run, device=device, processes=processes, trust_code=asked.trusted)
    if as_json:
        typer.echo(json.dumps(plan))
        return
    for key, value in plan.items():
        if isinstance(value, dict) or value in ([], None, ""):
            continue
        lines = value if isinstance(value, list) else []
        typer.echo(f"{key.replace('_', ' ')}: {len(lines) if lines else value}")
        for line in lines:
            typer.echo(f"  {printable(line)}")
    time = plan["time"]
    rough = time["measured_crops"] == 1 < time["crops"]
    for line in (_time(time), _memory(plan["memory"], rough), *_disk(plan["disk"], run)):
        typer.echo(line)


def _time(time: Mapping[str, Any]) -> str:
    from wavegan.progress.pace import format_duration

    least, every = not time["measured_crops"], time["crops"]
    about = (
        f"more than {format_duration(time['seconds'])}"
        if least
        else f"about {format_duration(time['seconds'])}"
    )
    crops = counted(every, "crop")
    if least:
        how = f"a step with only one of the {crops} takes over {time['step_seconds']:.0f} s here"
    else:
        how = f"{_rate(time['step_seconds'])} of {crops}"
        if time["measured_crops"] < every:
            how += f", scaled from steps of {time['measured_crops']}"
    return (
        f"time: {about} of training for {time['steps']:,} steps on {time['device']} ({how}); an "
        "estimate, without reading the data, validation and checkpoints"
    )


def _rate(seconds: float) -> str:
    return f"{1 / seconds:.1f} steps/s" if seconds < 1 else f"{seconds:.1f} s per step"


def _memory(memory: Mapping[str, Any], scaled_from_one: bool) -> str:
    has = f"{_size(memory['available'])} here"
    nets = f"networks with gradients and optimizers {_size(memory['networks'])}"
    if memory["needed"] is None:
        return f"memory: not measured, because no step finished ({nets}); {has}"
    about = "at most about" if scaled_from_one else "about"
    little = memory["needed"] > memory["available"]
    return (
        f"memory: {about} {_size(memory['needed'])} ({nets}); {has}"
        f"{': not enough: lower training.batch_size' if little else ''}"
    )


def _disk(disk: Mapping[str, Any], run: Path) -> Iterator[str]:
    kept, one, older = disk["checkpoints"], disk["checkpoint"], disk["older_checkpoint"]
    parts = [f"{counted(kept, 'checkpoint')} of {_size(one)}"]
    if kept > 1 and older < one:
        parts = [f"the last checkpoint {_size(one)}, {kept - 1} older ones of {_size(older)} each"]
    if disk["previews"]:
        parts.append(f"{_size(disk['previews'])} of clips to listen to")
    little = ": not enough" if disk["peak"] > disk["free"] else ""
    yield (
        f"disk: about {_size(disk['needed'])} ({', '.join(parts)}), {_size(disk['peak'])} while a "
        f"checkpoint is written; {_size(disk['free'])} free at {run}{little}"
    )
    discriminators, fewer = disk["discriminators"], disk["needed_keep_last_1"]
    if discriminators > MOSTLY * one and fewer < disk["needed"]:
        yield (
            f"  {_size(discriminators)} of the last checkpoint are discriminators and their "
            f"optimizer, needed to resume: training.keep_last=1 reduces the total to about "
            f"{_size(fewer)}"
        )


def _size(count: float) -> str:
    """Format bytes: `12 MB`, `1.3 GB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            digits = ".3g" if count < 100 * size else ".0f"
            return f"{count / size:{digits}} {unit}"
    return f"{count:.0f} bytes"
