"""Every field of a recipe has a rule for resuming, and the table has nothing else."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from wavegan.recipe import Recipe
from wavegan.recipe_changes import CHANGES, Change, change
from wavegan.recipe_sections import Section


def leaves(model: type[BaseModel] = Recipe, above: str = "") -> list[str]:
    """The fields of a recipe, through its sections; a plug-in or a table of them is one field."""
    found = []
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        sections = [k for k in kinds if isinstance(k, type) and issubclass(k, Section)]
        found += leaves(sections[0], f"{above}{name}.") if sections else [f"{above}{name}"]
    return found


def test_every_field_has_its_rule() -> None:
    fields = leaves()
    assert {"data.segment", "training.optimizer.lr", "training.augment.max_probability"} <= set(
        fields
    )
    assert [field for field in fields if change(field) not in Change] == []


def test_every_rule_is_of_a_field() -> None:
    fields = set(leaves())
    for key in CHANGES:
        first = key.partition(".*")[0]
        assert first in fields or any(field.startswith(f"{first}.") for field in fields), key


def test_no_field_of_a_plain_section_is_missing_from_the_table() -> None:
    """A new field needs its own entry; an entry of a section covers its fields on purpose."""
    handed_down = {"optimizer", "schedule", "augment", "feature_matching"}
    for field in leaves():
        assert field in CHANGES or set(field.split(".")) & handed_down, field


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("generator.upsample_rates", Change.NEVER),
        ("mel.f_max", Change.NEVER),
        ("discriminators.mpd.periods", Change.WARM),
        ("discriminators.mpd.weight", Change.SAID),
        ("training.optimizer.betas", Change.SAID),
        ("training.keep_last", Change.FREE),
    ],
)
def test_a_rule_holds_for_the_fields_inside(field: str, rule: Change) -> None:
    assert change(field) is rule


def test_an_unknown_field_has_none() -> None:
    with pytest.raises(KeyError):
        change("training.stepz")


def test_the_guide_says_of_each_field_what_the_table_says() -> None:
    page = (Path(__file__).parents[1] / "docs" / "runs.md").read_text(encoding="utf-8")
    section = page.split("## What may change")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    rules = (Change.SAID, Change.MOVED, Change.FREE, Change.WARM, Change.NEVER)
    for rule, row in zip(rules, rows, strict=True):
        fields = {field for field, own in CHANGES.items() if own is rule}
        named = {field.split(".")[-1] for field in fields}
        assert {name.split(".")[-1] for name in re.findall(r"`([\w.]+)`", row)} == named, rule
