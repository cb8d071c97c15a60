"""Read the stored recipe of a run, tolerating fields of other versions.

Nothing is built from it here, so unknown fields are no error; only the types of the fields in use
are checked.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wavegan import bounded_text, bounded_yaml, sealed
from wavegan.errors import UserError
from wavegan.run_folder import RECIPE

Options = dict[str, Any]
MOST_ODD = 20


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Optimizer(_Section):
    lr: float = Field(default=1e-4, gt=0, le=1e6, allow_inf_nan=False)


class _Schedule(_Section):
    warmup: int = Field(default=0, ge=0)


class _Training(_Section):
    steps: int = Field(default=1, ge=1, le=10**15)
    optimizer: _Optimizer = _Optimizer()
    schedule: _Schedule | None = None


class _Recipe(_Section):
    task: Options = {}
    mel: str | Options = {}
    generator: Options = {}
    discriminators: dict[str, Options] | None = None
    objective: Options = {}
    penalties: dict[str, Options] | None = None
    losses: dict[str, Options] | None = None
    feature_matching: Options | None = None
    data: Options = {}
    training: _Training = _Training()


def read(run: Path) -> tuple[Options, list[str]]:
    """A run's resolved `recipe.yaml`, and notes on fields left out for their wrong type.

    Raises:
        UserError: it is not a run's folder, or the recipe is damaged; the message has the file.
    """
    file = run / RECIPE
    if not file.is_file():
        raise UserError(f"{run}: not a run's folder, as it has no {RECIPE} (see --out of train)")
    sealed.state(file)
    try:
        known = bounded_yaml.read(bounded_text.read(file, bounded_yaml.LONGEST))
    except yaml.YAMLError as error:
        raise UserError(f"{file}: damaged: {bounded_yaml.reason(error)}") from None
    if not isinstance(known, dict):
        raise UserError(f"{file}: damaged: it has no fields")
    plain: Options = _plain(known)
    return plain, _leave_out(plain, file)


def _leave_out(known: Options, file: Path) -> list[str]:
    """Remove fields of a wrong type; returns a note for each."""
    notes: list[str] = []
    while len(notes) < MOST_ODD:
        try:
            _Recipe.model_validate(known)
        except ValidationError as error:
            place = _place(known, [str(part) for part in error.errors()[0]["loc"]])
            notes.append(f"{file}: {'.'.join(place)} has the wrong type and is ignored")
            values = known
            for part in place[:-1]:
                values = values[part]
            del values[place[-1]]
        else:
            return notes
    raise UserError(f"{file}: damaged: {notes[0]}, and more")


def _place(values: Any, place: list[str]) -> list[str]:
    """The part of a location that exists: pydantic may append the type of a union."""
    found = []
    for part in place:
        if not isinstance(values, dict) or part not in values:
            break
        found.append(part)
        values = values[part]
    return found


def _plain(value: Any) -> Any:
    """Convert keys to strings, as in JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple | set) else value
