"""Store the validations of a finished run as the typical curve of its recipe.

    python benchmarks/typical_curve.py runs/digits digits-cpu \
        --data "the Free Spoken Digit Dataset" --machine "2 cores of an AMD EPYC (Zen 4)" \
        --command "wavegan train digits-cpu digits/ --out runs/digits data.validation=test.txt"

Writes `wavegan/progress/curves/RECIPE.json`, which `wavegan status` compares with. The run must
have reached its last step, with the packaged recipe unchanged. Data that the run did not log (runs
from before there were start lines) is counted in its audio folder.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from wavegan.errors import UserError
from wavegan.progress import typical
from wavegan.progress.history import History
from wavegan.progress.pace import steps_a_second
from wavegan.progress.verdict import run_verdict
from wavegan.recipe import Recipe, dump, load


def main() -> None:
    """Read the run, check that it used the recipe, write the curve."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("recipe", help="a packaged recipe's name")
    parser.add_argument("--data", required=True, help="what it was trained on, in a few words")
    parser.add_argument("--machine", required=True, help="the machine, in a few words")
    parser.add_argument("--command", required=True, help="the training command")
    parser.add_argument("--out", type=Path, default=typical.CURVES)
    options = parser.parse_args()
    found = curve(History.read(options.run), options.recipe)
    found["data"]["name"] = options.data
    found |= {"machine": options.machine, "command": options.command}
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (options.out / f"{options.recipe}.json").write_text(text + "\n", encoding="utf-8")


def curve(history: History, recipe: str) -> dict[str, Any]:
    """The curve, without the texts from the command line.

    Raises:
        UserError: the run has not ended, or is another recipe's.
    """
    # fields that are newer than the run have their defaults
    own = typical.identity(yaml.safe_load(dump(Recipe.model_validate(dict(history.recipe)))))
    if own != typical.identity(yaml.safe_load(dump(load(recipe, [])))):
        raise UserError(f"{history.run}: its recipe differs from {recipe}")
    metric = run_verdict(history).metric
    if metric is None or not history.ended:
        raise UserError(f"{history.run}: it has not finished, at step {history.step:,}")
    steps, values = history.series("validation", metric)
    return {
        "recipe": recipe,
        "metric": metric,
        "points": [[step, float(f"{v:.6g}")] for step, v in zip(steps, values, strict=True)],
        "steps": history.total,
        "steps_a_second": round(steps_a_second(history) or 0.0, 2),
        "data": data(history),
        "identity": own,
    }


def data(history: History) -> dict[str, Any]:
    """Number and seconds of training clips, held-out clips, fingerprint of the folder."""
    for start in history.starts:
        return dict(start["data"])
    from wavegan.training import files

    recipe = Recipe.model_validate(dict(history.recipe))
    found = files.find(recipe)
    return {
        "clips": len(found.split.train),
        "seconds": round(sum(clip.seconds for clip in found.split.train), 1),
        "held_out": len(found.split.validation),
        "fingerprint": found.manifest.fingerprint(),
    }


if __name__ == "__main__":
    main()
