"""Shell completion (Tab) of recipes, their fields, labels, metrics and runs.

Nothing here loads torch. Errors lead to no suggestions: a message would break the line that is
being typed.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from wavegan.recipe import Recipe

Offer = str | tuple[str, str]
Complete = Callable[[typer.Context, str], list[Offer]]
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = [
    ("auto", "the fastest that sounds the same"),
    ("float32", "the same numbers on every machine, up to rounding"),
    ("bfloat16", "half as many bits"),
    ("float16", "for GPUs"),
]
EXPORTS = (("onnx", "for onnxruntime, sherpa-onnx"), ("torch", "a program of torch.export"))


class _Bare(str):
    """A value without its field: bash splits `KEY=VALUE` at the `=` and passes only the `=`.

    typer drops suggestions that do not start with the word it was given.
    """

    def startswith(self, *_word: object) -> bool:
        """Return True, so that typer keeps the suggestion."""
        return True


def _quiet(complete: Callable[[typer.Context, str], Iterable[Offer]]) -> Complete:
    """Suggest nothing if the function raises."""

    @wraps(complete)
    def offered(ctx: typer.Context, incomplete: str) -> list[Offer]:
        try:
            return list(complete(ctx, incomplete))
        except Exception:
            return []

    return offered


@_quiet
def recipe(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Names of recipes, with their descriptions."""
    return _recipes(incomplete)


@_quiet
def training(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Arguments of `train`: a recipe, a folder (completed by the shell), then fields."""
    words, run = _words(ctx, "words"), ctx.params.get("resume")
    if run is not None:
        return _fields(str(Path(run) / "recipe.yaml"), words, incomplete)
    if not words:
        return _recipes(incomplete)
    return _fields(words[0], words[1:], incomplete) if len(words) > 1 else []


@_quiet
def fields(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Fields of the recipe earlier on the line."""
    return _fields(str(ctx.params["recipe"]), _words(ctx, "overrides"), incomplete)


@_quiet
def listed(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Arguments of `list`."""
    from wavegan import plugins

    return ["recipes", "mels", *plugins.KINDS]


@_quiet
def labels(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Labels of the model earlier on the line."""
    found: list[str] = json.loads(_config(Path(ctx.params["model"])).read_text("utf-8"))["labels"]
    return found


@_quiet
def metrics(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Metrics: complete the last one of a comma-separated list."""
    before, comma, last = incomplete.rpartition(",")
    plus = "+" if last.startswith("+") else ""
    return [f"{before}{comma}{plus}{name}" for name in _metrics(ctx)]


@_quiet
def limits(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Metrics as `KEY=`, for --fail-above and --fail-below."""
    return [f"{name}=" for name in _metrics(ctx)]


@_quiet
def embeddings(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Embeddings for comparing sets."""
    from wavegan import plugins

    return plugins.names("embeddings")


@_quiet
def precisions(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Values of --precision."""
    return PRECISIONS


@_quiet
def devices(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Values of --device."""
    return DEVICES


@_quiet
def export_formats(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Values of `export --format`."""
    return EXPORTS


@_quiet
def runs(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """Folders of runs and bundles here and one level below; the shell completes other paths."""
    folder, slash, start = incomplete.rpartition("/")
    above = f"{folder}{slash}"
    for entry in sorted(Path(above).iterdir()):
        if not entry.is_dir() or not entry.name.startswith(start) or entry.name.startswith("."):
            continue
        if _is_model(entry):
            yield f"{above}{entry.name}"
            continue
        for inner in sorted(entry.iterdir()):
            if inner.is_dir() and _is_model(inner):
                yield f"{above}{entry.name}/{inner.name}"


def _is_model(folder: Path) -> bool:
    return (folder / "recipe.yaml").is_file() or (folder / "config.json").is_file()


def _recipes(incomplete: str) -> Iterable[Offer]:
    import yaml

    from wavegan.recipe import recipes

    for name, file in recipes().items():
        if name.startswith(incomplete):
            lines = file.read_text("utf-8").splitlines()
            described = next(line for line in lines if line.startswith("description: "))
            yield name, yaml.safe_load(described)["description"]


def _fields(name: str, before: Sequence[str], incomplete: str) -> Iterable[Offer]:
    """Fields that start with a word; if there is only one, its values too.

    The shell adds a space after a single suggestion, so a single field comes with its values.
    """
    known, last = _known(name), before[-1] if before else ""
    # bash passes `KEY=` as the words KEY and "", and `KEY=VALUE` as KEY, = and VALUE
    field = before[-2] if last == "=" and len(before) > 1 else last
    if last == "=" or last in known:
        values = known.get(field, [])
        return [_Bare(value) for value in values if value.startswith(incomplete)]
    field, equals, _ = incomplete.partition("=")
    if equals:
        return [f"{field}={value}" for value in known.get(field, [])]
    found = [each for each in known if each.startswith(field)]
    values = known[found[0]] if len(found) == 1 else []
    return [*(f"{each}=" for each in found), *(f"{found[0]}={value}" for value in values)]


def _known(name: str) -> dict[str, list[str]]:
    from wavegan.cli._completion_fields import fields as of
    from wavegan.recipe import load

    resolved: Recipe = load(name)
    return of(resolved)


def _words(ctx: typer.Context, name: str) -> list[str]:
    return list(ctx.params.get(name) or ())


def _metrics(ctx: typer.Context) -> list[str]:
    from wavegan import plugins

    return plugins.names("set_metrics" if ctx.params.get("sets") else "metrics")


def _config(model: Path) -> Path:
    """The `config.json` of a bundle, or of a run's best checkpoint, else of its last."""
    own = (model if model.is_dir() else model.parent) / "config.json"
    if own.is_file():
        return own
    found = sorted((model / "checkpoints").glob("[0-9]*/config.json"))
    best = model / "checkpoints" / "best.json"
    step = json.loads(best.read_text("utf-8"))["step"] if best.is_file() else None
    return next((each for each in found if int(each.parent.name) == step), found[-1])
