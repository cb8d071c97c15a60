"""Dependencies point one way, as docs/architecture.md draws them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from wavegan import plugins

PACKAGE = Path(__file__).resolve().parents[1] / "wavegan"
FLOORS = {
    "bounded_yaml": -3,
    "counted": -3,
    "errors": -3,
    "readable": -3,
    "bounded_network": -2,
    "bounded_pattern": -2,
    "bounded_text": -2,
    "tensor_file": -2,
    "colours": -2,
    "typed": -2,
    "own_settings": -2,
    "pages": -2,
    "file_kinds": -1,
    "json_file": -1,
    "aliases": 0,
    "atomic": 0,
    "conditions": 0,
    "interrupt": 0,
    "process_group": 0,
    "random_streams": 0,
    "checksums": 0,
    "deaths": 0,
    "memory_limit": 0,
    "device": 0,
    "machine": 0,
    "installation": 0,
    "run_folder": 1,
    "sealed": 1,
    "spinning": 0,
    "statistics": 0,
    "merge": 0,
    "targets": 0,
    "fields": 1,
    "overrides": 1,
    "audio": 0,
    "plugins": 0,
    "layers": 1,
    "generators": 2,
    "discriminators": 2,
    "objectives": 2,
    "losses": 2,
    "metrics": 2,
    "set_metrics": 2,
    "embeddings": 2,
    "artifacts": 2,
    "data": 3,
    "penalties": 3,
    "recipe_sections": 2,
    "recipe_layers": 2,
    "recipe_changes": 2,
    "recipe": 3,
    "weights": 2,
    "interop": 3,
    "bundle_config": 3,
    "bundle": 4,
    "progress": 5,
    "validation": 6,
    "tasks": 7,
    "convert": 8,
    "training": 8,
    "inference": 8,
    "adapters": 9,
    "evaluation": 9,
    "listening": 9,
    "reports": 10,
    "cli": 11,
    "__main__": 12,
}


def imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "wavegan":
                yield from (alias.name for alias in node.names)
            elif node.module.startswith("wavegan."):
                yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("wavegan."))


def home(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down(file):
    here = home(file)
    assert here in FLOORS, f"{here} has no floor: draw it first"
    for there in imports(file):
        if there in ("__version__", here):
            continue
        assert FLOORS[there] < FLOORS[here], f"{here} may not import {there}"


def test_plugins_do_not_import_their_siblings():
    for kind in plugins.KINDS:
        names = {file.stem for file in (PACKAGE / kind).glob("*.py")} - {"base", "__init__"}
        names = {name for name in names if not name.startswith("_")}
        for file in (PACKAGE / kind).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module:
                    sibling = node.module.removeprefix(f"wavegan.{kind}.")
                    assert sibling == node.module or sibling not in names, file


def loaded_by(code):
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in run.stdout.split()}


def test_import_wavegan_is_light():
    assert not {"torch", "numpy", "pydantic", "typer"} & loaded_by("import wavegan")


def test_a_vocoder_loads_nothing_of_training_or_the_command_line():
    unwanted = {
        "accelerate",
        "typer",
        "librosa",
        "torchaudio",
        "tensorboard",
        "matplotlib",
        "transformers",
        "h5py",
        "jinja2",
    }
    assert not unwanted & loaded_by("import wavegan; wavegan.Vocoder")


def test_the_command_line_loads_no_torch_before_a_command_runs():
    assert "torch" not in loaded_by("import wavegan.cli")
