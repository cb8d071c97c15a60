"""What the guides list is what there is."""

import re
from pathlib import Path

import pytest
import torch

from wavegan import Mel, adapters, plugins, recipe

DOCS = Path(__file__).resolve().parents[1] / "docs"
TTS = (DOCS / "tts.md").read_text(encoding="utf-8")
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


def test_the_guide_has_every_adapter_and_no_other() -> None:
    assert set(re.findall(r"`(\w+Vocoder)`", TTS)) == set(adapters.__all__)


def test_the_guide_has_a_row_for_every_layout() -> None:
    table = TTS.split("## Whose weights it opens")[1].split("## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(plugins.names("interop"))


def test_the_readme_names_every_family_of_recipes() -> None:
    section = "".join(part.split("\n## ")[0] for part in README.split("### Recipes")[1:])
    for name in recipe.recipes():
        family = name.split("-")[0]
        assert f"`{name}`" in section or f"`{family}-" in section or f"`{family}`" in section, name


def test_the_conversion_the_guide_shows_works() -> None:
    preset = re.search(r'theirs = Mel\.preset\("([\w-]+)"\)', TTS)
    assert preset
    theirs, ours = Mel.preset(preset[1]), Mel.preset("bigvgan-24k")
    assert theirs.differences(ours) == []
    mel = torch.full((100, 2), -0.5)
    assert theirs.convert(mel, ours).shape == mel.shape


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_to_other_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (DOCS / target).exists(), target
    for target in re.findall(r"`(docs/[\w.-]+\.md)`", text):
        assert (DOCS.parent / target).exists(), target
