"""Export a model to a file that runs without wavegan, and check that it gives the same audio."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch

import wavegan
from wavegan import atomic, bundle
from wavegan.errors import RunError, UserError, suggest
from wavegan.export import (
    of_sounds,
    of_stream,
    of_vocoder,
    onnx_file,
    parity,
    refusal,
    sample,
    torch_file,
)
from wavegan.export.plan import Format, Plan, Port
from wavegan.inference import opening
from wavegan.inference.synthesizer import Synthesizer
from wavegan.inference.vocoder import Vocoder
from wavegan.own_settings import own_settings
from wavegan.targets import check_files

ENDINGS: dict[str, str] = {"onnx": ".onnx", "torch": ".pt2"}
WRITERS: dict[str, Any] = {"onnx": onnx_file, "torch": torch_file}
HIDING = sys.stdlib_module_names | {"numpy", "onnxruntime", "torch"}
"""Names of modules; a script of such a name hides the module from scripts beside it."""


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        file: the graph.
        files: the graph, its JSON file and its usage sample.
        engine: what the graph was compared with the model in.
        compared: the comparisons.
        facts: the content of the JSON file.
    """

    file: Path
    files: tuple[Path, Path, Path]
    engine: str
    compared: Sequence[parity.Compared]
    facts: dict[str, Any]

    @property
    def worst(self) -> float:
        """The largest difference from the model, as a share of its peak."""
        return max(each.error for each in self.compared)


@own_settings()
@torch.no_grad()
def export_model(
    source: str | Path,
    out: str | Path,
    *,
    format: str = "onnx",  # noqa: A002
    streaming: bool = False,
    force: bool = False,
    trust_code: bool = False,
) -> Export:
    """Export a model, in float32, for all batches and, of mels, all lengths.

    Beside `out` lie a JSON file (front-end, rates, inputs, outputs) and a Python file, a sample of
    its use, with the same stem. The graph is run on several sizes and compared with the model;
    where it differs, no file is written.

    Args:
        source: a run, checkpoint or bundle, or another project's model.
        out: the file, `.onnx` or `.pt2`.
        format: "onnx", or "torch" for a program of `torch.export`.
        streaming: the graph makes the audio of some frames of a window, so a mel can be vocoded
            chunk by chunk while it is made.
        force: overwrite existing files.
        trust_code: see `bundle.build`.

    Raises:
        UserError: the model cannot be exported, a file exists, a package is missing.
        RunError: torch cannot trace the network, or the graph differs from the model by more than
            1e-4 of its peak.
    """
    target = _format(format)
    files = _files(Path(out), target, Path(source), force)
    if target == "onnx":
        onnx_file.check_packages()
    plan = _plan(source, target, streaming, trust_code)
    writer = WRITERS[target]
    with atomic.files(files) as unfinished:
        graph, description, script = unfinished
        try:
            writer.write(plan, graph)
        except Exception as error:
            raise RunError(f"{source}: {_cannot(plan, error)}") from error
        run = writer.opened(graph)
        compared = parity.compare(plan, run)
        facts = _facts(plan, files[0], writer.engine(), compared)
        description.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        script.write_text(sample.text(plan, target), encoding="utf-8")
    return Export(files[0], files, writer.engine(), compared, facts)


def _format(given: str) -> Format:
    for known in get_args(Format):
        if given == known:
            return known
    raise UserError(f"--format {given}{suggest(given, get_args(Format))}")


def _files(out: Path, target: Format, source: Path, force: bool) -> tuple[Path, Path, Path]:
    """The three files to write, once nothing speaks against their names."""
    ending = ENDINGS[target]
    if out.suffix.lower() != ending:
        raise UserError(f"--out {out}: a file of --format {target} ends with {ending}")
    if out.stem in HIDING:
        raise UserError(
            f"--out {out}: the sample beside it would be {out.stem}.py, which hides Python's module "
            f"{out.stem} from scripts in that folder; give another name"
        )
    files = (out, out.with_suffix(".json"), out.with_suffix(".py"))
    inputs = [*source.iterdir()] if source.is_dir() else [source]
    check_files(files, inputs=inputs, force=force)
    return files


def _plan(source: str | Path, target: Format, streaming: bool, trust_code: bool) -> Plan:
    config = bundle.config_of(source)
    model = opening.load(source, trust_code=trust_code)
    name = config.generator["name"]
    if isinstance(model, Vocoder):
        refusal.check(model.generator, name, target)
        return (of_stream if streaming else of_vocoder).plan(model, name, target)
    if isinstance(model, Synthesizer):
        if streaming:
            raise UserError(f"--streaming: {source} makes sounds of latents; leave it out")
        refusal.check(model.generator, name, target)
        return of_sounds.plan(model, name, target)
    raise UserError(f"{source}: a model of the task {config.task} cannot be exported")


def _cannot(plan: Plan, error: Exception) -> str:
    """One line about a network that cannot be traced or translated."""
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return f"{plan.facts['generator']} cannot be exported: {first}"


def _facts(
    plan: Plan, file: Path, engine: str, compared: Sequence[parity.Compared]
) -> dict[str, Any]:
    """The content of the JSON file."""
    return {
        "format": 1,
        "wavegan": wavegan.__version__,
        "file": file.name,
        "precision": "float32",
        "inputs": [_port(each) for each in plan.inputs],
        "outputs": [_port(each) for each in plan.outputs],
        **plan.facts,
        "parity": {
            "engine": engine,
            "torch": torch.__version__,
            "largest_difference_of_peak": max(each.error for each in compared),
        },
    }


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "dtype": port.dtype,
        "shape": list(port.shape),
        "about": port.about,
    }
