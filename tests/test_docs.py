"""The lists in the guides are complete, and the commands in them exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from wavegan import Mel, adapters, plugins, recipe
from wavegan.cli import app

DOCS = Path(__file__).resolve().parents[1] / "docs"
TTS = (DOCS / "tts.md").read_text(encoding="utf-8")
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
PAGES = [DOCS.parent / "README.md", DOCS.parent / "SECURITY.md", *sorted(DOCS.glob("*.md"))]


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


def commands() -> list[str]:
    """Each command in a block of code of a page, on one line and without its comment."""
    found = []
    for page in PAGES:
        blocks = re.findall(
            r"```(?:sh|bash)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL
        )
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        found += [re.split(r"\s+#|\s+> ", line)[0].strip() for line in lines]
    return list(dict.fromkeys(found))


def options(words: list[str]) -> set[str]:
    """The options among the words of a command."""
    return {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("wavegan ")])
def test_a_documented_command_and_its_options_exist(line: str) -> None:
    _, *words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert options(words) <= {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("python bench")])
def test_a_documented_script_exists_and_has_the_options(line: str) -> None:
    _, script, *words = shlex.split(line)
    source = (DOCS.parent / script).read_text(encoding="utf-8")
    assert {option for option in options(words) if f'"{option}"' not in source} == set()


def test_the_options_named_in_the_text_exist() -> None:
    known = {"--help", "--install-completion", "--version"}
    known |= {"--no-deps", "--matcha-vocoder"}  # of pip and sherpa-onnx
    waiting: list[Any] = [typer.main.get_command(app)]
    while waiting:
        command = waiting.pop()
        for parameter in command.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
        waiting += getattr(command, "commands", {}).values()
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        codes = re.findall(r"`([^`]+)`", text)
        for code in codes:
            if not re.match(r"pip |python |… |accelerate |sbatch ", code):
                assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)) <= known, (
                    page.name,
                    code,
                )
