"""The commands in the README work."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from wavegan.cli import app

REPO = Path(__file__).resolve().parents[1]
README = (REPO / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
LINES = [
    line.split("  #")[0].strip()
    for language, block in BLOCKS
    if not language
    for line in block.splitlines()
]
TRAIN = [line for line in LINES if line.startswith("wavegan train") and "--resume" not in line]
LOOK = [line for line in LINES if re.match(r"wavegan (list|show)\b", line)]
COMMANDS = [line for line in LINES if line.startswith("wavegan ")]


def invoke(words):
    return CliRunner().invoke(app, words)


def test_both_commands_of_a_fresh_machine_are_make_targets():
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    commands = [line for line in LINES if line.startswith("make ")]
    assert {"make quickstart", "make test"} <= set(commands)
    for command in commands:
        assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


def test_ci_runs_the_readmes_own_test_command():
    assert (REPO / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("make test")


def labelled(speech, folder):
    """The same files, sorted into two folders."""
    for number, file in enumerate(sorted(speech.glob("*.flac"))):
        place = folder / "sounds" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    return folder / "sounds"


@pytest.mark.parametrize("line", TRAIN)
def test_a_training_command_would_run(line, speech, tmp_path):
    names = sorted(file.name for file in speech.glob("*.flac"))
    (tmp_path / "train.txt").write_text("\n".join(names[2:]), encoding="utf-8")
    (tmp_path / "valid.txt").write_text("\n".join(names[:2]), encoding="utf-8")
    _, command, recipe, given, *rest = shlex.split(line.replace("DATA/", f"{tmp_path}/"))
    rest[rest.index("--out") + 1] = str(tmp_path / "run")
    folder = labelled(speech, tmp_path) if given == "my-sounds/" else speech
    result = invoke([command, recipe, str(folder), *rest, "--dry-run"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("line", LOOK)
def test_a_looking_command_runs(line):
    result = invoke(shlex.split(line)[1:])
    assert result.exit_code == 0
    assert result.stdout.strip()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_and_its_options_exist(line):
    _, *words = shlex.split(line)
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if re.match("--?[a-z]", word)} <= known


@pytest.mark.parametrize("text", [block for language, block in BLOCKS if language == "yaml"])
def test_a_recipe_of_ones_own_inherits_as_shown(text, tmp_path):
    from wavegan import recipe

    file = tmp_path / "my-recipe.yaml"
    file.write_text(text, encoding="utf-8")
    loaded = recipe.load(str(file))
    assert list(loaded.discriminators) == ["mpd"]
    assert loaded.losses["mine"].name == "my_package.my_loss:MyLoss"
    assert loaded.generator.options["upsample_initial_channel"] == 128


def test_the_fields_it_names_exist():
    from wavegan.recipe_sections import Data, Training

    for section, model in (("training", Training), ("data", Data)):
        for key in re.findall(rf"`{section}\.(\w+)", README):
            assert key in model.model_fields, f"{section}.{key}"


def test_the_two_lines_of_python_work(tmp_path, monkeypatch):
    import torch

    from wavegan import bundle
    from wavegan.mel.front_end import Mel

    options = {"name": "hifigan", "upsample_initial_channel": 16}
    config = bundle.Config(mel=Mel.preset("hifigan-22k"), generator=options)
    folder = tmp_path / "runs" / "my-voice"
    folder.mkdir(parents=True)
    bundle.save(folder, config, bundle.build(config).state_dict())
    monkeypatch.chdir(tmp_path)
    (code,) = [b for language, b in BLOCKS if language == "python" and "Vocoder" in b]
    names = {"mel": torch.randn(3, 80, 5) - 7}
    exec(code, names)
    assert names["audio"].shape == (3, 5 * 256)


def test_the_lines_of_python_for_sounds_work(tmp_path, monkeypatch):
    from wavegan import bundle
    from wavegan.mel.front_end import Mel

    config = bundle.Config(
        mel=Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None),
        generator={"name": "wavegan", "dim": 1},
        task="synthesize",
        labels=("kick", "snare"),
        segment=1024,
    )
    folder = tmp_path / "runs" / "my-sounds"
    folder.mkdir(parents=True)
    bundle.save(folder, config, bundle.build(config).state_dict())
    assert "Synthesizer.from_pretrained" in (folder / "README.md").read_text()
    monkeypatch.chdir(tmp_path)
    (code,) = [b for language, b in BLOCKS if language == "python" and "Synthesizer" in b]
    names = {}
    exec(code, names)
    assert names["clips"].shape == (8, 1, 1024)
