"""Export a model to a file that runs without wavegan, and check that it gives the same audio."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import torch

from wavegan import atomic, bundle
from wavegan.errors import RunError, UserError, suggest
from wavegan.export import (
    description,
    of_sounds,
    of_stream,
    of_vocoder,
    onnx_file,
    parity,
    refusal,
    sample,
    torch_file,
)
from wavegan.export.plan import Format, Plan
from wavegan.inference import opening
from wavegan.inference.synthesizer import Synthesizer
from wavegan.inference.vocoder import Vocoder
from wavegan.own_settings import own_settings
from wavegan.targets import check_files

ENDINGS: Mapping[Format, str] = {"onnx": ".onnx", "torch": ".pt2"}
FILES: Mapping[Format, ModuleType] = {"onnx": onnx_file, "torch": torch_file}
MODULES = sys.stdlib_module_names | {"numpy", "onnxruntime", "torch"}
"""A script with one of these names hides the module from all scripts in its folder."""


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        files: the graph, its JSON file and its usage sample.
        engine: what the graph was compared with the model in.
        compared: the comparisons.
        facts: the content of the JSON file.
    """

    files: tuple[Path, Path, Path]
    engine: str
    compared: Sequence[parity.Compared]
    facts: Mapping[str, Any]


@own_settings()
@torch.no_grad()
def export_model(
    source: str | Path,
    out: str | Path,
    *,
    format: str = "onnx",
    streaming: bool = False,
    force: bool = False,
    trust_code: bool = False,
) -> Export:
    """Export a model in float32, for batches of any size and mels of any length.

    Beside `out` lie a JSON file (front-end, rates, inputs, outputs) and a Python file, a sample of
    its use, with the same stem. The graph is run with inputs of several sizes and compared with
    the model. If it differs, no file is written.

    Args:
        source: a run, checkpoint or bundle, or another project's model.
        out: the file: `.onnx`, or `.pt2` for "torch".
        format: "onnx", or "torch" for a program of `torch.export`.
        streaming: the graph makes the audio of some frames of a window, so that a mel can be
            vocoded chunk by chunk while it is made.
        force: overwrite existing files.
        trust_code: see `bundle.build`.

    Raises:
        UserError: a file exists, a package is missing, or the model cannot be exported in this
            way.
        RunError: torch cannot trace the network, or the graph differs from the model (see
            `parity`).
    """
    target = _known(format)
    files = _files(Path(out), target, Path(source), force)
    if target == "onnx":
        onnx_file.check_packages()
    plan, written = _plan(source, target, streaming, trust_code), FILES[target]
    with atomic.files(files) as (graph, described, script):
        try:
            written.write(plan, graph)
        except Exception as error:
            raise RunError(f"{source}: {_cannot(plan, error)}") from error
        compared = parity.compare(plan, written.opened(graph))
        facts = description.facts(plan, files[0].name, written.engine(), compared)
        described.write_text(description.text(facts), encoding="utf-8")
        script.write_text(sample.text(plan, target), encoding="utf-8")
    return Export(files, written.engine(), compared, facts)


def _known(given: str) -> Format:
    known: tuple[Format, ...] = get_args(Format)
    for each in known:
        if given == each:
            return each
    raise UserError(f"--format {given}: it is not known{suggest(given, known)}")


def _files(out: Path, target: Format, source: Path, force: bool) -> tuple[Path, Path, Path]:
    """The three files to write, if nothing speaks against their names."""
    ending = ENDINGS[target]
    if out.suffix != ending:
        raise UserError(f"--out {out}: with --format {target} the name must end with {ending}")
    if out.stem in MODULES:
        raise UserError(
            f"--out {out}: the sample beside it would be {out.stem}.py, and hide Python's module "
            f"{out.stem}: give another name"
        )
    files = (out, out.with_suffix(".json"), out.with_suffix(".py"))
    inputs = list(source.iterdir()) if source.is_dir() else [source]
    check_files(files, inputs=inputs, force=force)
    return files


def _plan(source: str | Path, target: Format, streaming: bool, trust_code: bool) -> Plan:
    config = bundle.config_of(source)
    model, name = opening.load(source, trust_code=trust_code), config.generator["name"]
    if isinstance(model, Vocoder):
        refusal.check(model.generator, name, target)
        plan = of_stream.plan if streaming else of_vocoder.plan
        return plan(model, name, target)
    if isinstance(model, Synthesizer):
        if streaming:
            raise UserError(f"--streaming: {source} is no vocoder: leave it out")
        refusal.check(model.generator, name, target)
        return of_sounds.plan(model, name, target)
    raise UserError(
        f"{source}: models of the task {config.task} cannot be exported, only vocoders and "
        "generators of sounds"
    )


def _cannot(plan: Plan, error: Exception) -> str:
    """One line about a network that cannot be traced or translated."""
    inner: BaseException = error
    while inner.__cause__ is not None:  # the outermost ones tell how to report a bug of torch
        inner = inner.__cause__
    first = next(iter(str(inner).strip().splitlines()), type(inner).__name__)
    return f"{plan.facts['generator']} cannot be exported: {first}"
