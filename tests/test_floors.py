"""Dependencies point one way, as docs/architecture.md draws them."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

from wavegan import plugins

PACKAGE = Path(__file__).resolve().parents[1] / "wavegan"
FLOORS = {
    "bounded_yaml": -3,
    "counted": -3,
    "errors": -3,
    "readable": -4,
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
    "aliases": -1,
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
    "targets": 0,
    "fields": 1,
    "overrides": 3,
    "mel": 1,
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
    "recipe": 4,
    "weights": 2,
    "interop": 3,
    "bundle_card": 3,
    "bundle_config": 2,
    "bundle_place": 4,
    "bundle": 5,
    "progress": 6,
    "validation": 7,
    "tasks": 8,
    "convert": 9,
    "training": 9,
    "inference": 9,
    "diagnosis": 9,
    "adapters": 10,
    "bench": 10,
    "evaluation": 10,
    "export": 10,
    "listening": 10,
    "reports": 11,
    "cli": 12,
    "__main__": 13,
}


FILES = sorted(PACKAGE.rglob("*.py"))


def module(file):
    """The module of a file: `mel.convert`; of a package's `__init__.py` the package."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(file): file for file in FILES}


def imports(source, package):
    """The modules that are imported anywhere in the source of a module of `package`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from filter(None, (_below(alias.name) for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            home = _below(resolve_name(name, f"wavegan.{package}".rstrip(".")))
            if home is not None:
                for alias in node.names:
                    inner = f"{home}.{alias.name}".strip(".")
                    yield inner if inner in MODULES else home
        elif isinstance(node, ast.Constant) and _below(str(node.value)) in MODULES:
            # import_module("wavegan.x"), and tables of names that load on first use
            yield _below(node.value)


def _below(name):
    """The module's name below wavegan; None where it is another package's."""
    first, _, rest = name.partition(".")
    return rest if first == "wavegan" else None


def imported(name):
    file = MODULES[name]
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    found = imports(file.read_text(encoding="utf-8"), package)
    return {there for there in found if there and there != name}


@pytest.mark.parametrize(
    "source",
    [
        "import wavegan.generators.hifigan",
        "import wavegan.generators.hifigan as network",
        "from wavegan.generators import hifigan",
        "from wavegan.generators import hifigan as network",
        "from wavegan.generators.hifigan import HiFiGAN",
        "from ..generators import hifigan",
        "from ..generators.hifigan import HiFiGAN",
        "def build():\n    from wavegan.generators import base, hifigan",
        "if TYPE_CHECKING:\n    from wavegan.generators.hifigan import HiFiGAN",
        "import_module('wavegan.generators.hifigan')",
        "HOMES = {'HiFiGAN': 'wavegan.generators.hifigan'}",
    ],
)
def test_an_import_of_any_form_is_seen(source):
    assert "generators.hifigan" in set(imports(source, "losses"))


def test_a_name_of_a_package_is_its_package():
    assert set(imports("from wavegan import bundle, __version__", "losses")) == {"bundle", ""}
    assert set(imports("import numpy.linalg; from torch import nn", "losses")) == set()


@pytest.mark.parametrize("here", sorted(set(MODULES) - {""}))
def test_imports_point_down(here):
    ours = here.split(".")[0]
    assert ours in FLOORS, f"{ours} has no floor: draw it first"
    for there in imported(here):
        theirs = there.split(".")[0]
        if theirs != ours:
            assert FLOORS[theirs] < FLOORS[ours], f"{here} may not import {there}"


def test_every_floor_is_stood_on():
    assert set(FLOORS) == {name.split(".")[0] for name in MODULES if name}


def test_no_import_leads_back():
    """Not even inside a function or only for types: modules that need each other are one file."""
    order = TopologicalSorter({name: imported(name) for name in MODULES if name})
    order.prepare()


def test_plugins_do_not_import_their_siblings():
    for kind in plugins.KINDS:
        siblings = {f"{kind}.{name}" for name in plugins.names(kind)}
        for name in siblings & MODULES.keys():
            assert not imported(name) & (siblings - {name}), name


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
