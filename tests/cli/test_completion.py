"""The Tab key: what is completed, by the protocol of the shells."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from wavegan import plugins, recipe
from wavegan.cli import app
from wavegan.cli._completion_fields import fields
from wavegan.mel.front_end import Mel

ASK = "_WAVEGAN_COMPLETE"


def bash(*words):
    """The completions for the last word in bash, which splits words at `=`."""
    env = {ASK: "complete_bash", "COMP_WORDS": "\n".join(("wavegan", *map(str, words)))}
    return asked({**env, "COMP_CWORD": str(len(words))}).split()


def zsh(line):
    return asked({ASK: "complete_zsh", "_TYPER_COMPLETE_ARGS": f"wavegan {line}"})


def asked(env):
    result = CliRunner(env=env).invoke(app, prog_name="wavegan")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def test_recipes_are_offered_with_what_they_are_for():
    assert bash("train", "") == bash("show", "") == sorted(recipe.recipes())
    assert bash("train", "hifigan-v") == ["hifigan-v1", "hifigan-v2", "hifigan-v3"]
    assert recipe.load("piano-notes").description in zsh("train piano")


def test_a_folder_is_left_to_the_shell():
    assert bash("train", "tiny", "exam") == []
    assert zsh("train tiny exam") == "_files\n"


@pytest.mark.parametrize("before", [("train", "tiny", "DATA"), ("show", "tiny")])
def test_fields_of_the_recipe_are_offered(before):
    # one value beside the field, or a shell would end the word with a space
    assert bash(*before, "training.st") == ["training.steps=", "training.steps=4400"]
    assert "generator.iterations=" in bash(*before, "generator.")
    assert "losses.stft.fft_sizes=" in bash(*before, "losses.")
    assert bash(*before, "description") == []
    after_others = bash(*before, "training.steps", "=", "5", "training.prec")
    assert after_others[0] == "training.precision="


@pytest.mark.parametrize("name", ["tiny", "hifigan-v1", "digits-cpu", "wavegan-sc09"])
def test_every_field_that_is_offered_is_one(name):
    offered = fields(recipe.load(name))
    assert len(offered) > 40
    judges = ["discriminators.mpd.name=mpd"]  # feature matching is nothing without
    for field, values in offered.items():
        recipe.load(name, [*judges, *(f"{field}={value}" for value in values[:1])])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("training.precision", ["no", "bf16"]),
        ("training.schedule.name", ["constant", "exponential", "step", "cosine"]),
        ("data.labels", ["folders", "names", "null"]),
        ("data.balance", ["true", "false"]),
        ("objective.name", plugins.names("objectives")),
        ("losses.mel.name", plugins.names("losses")),
        ("mel", list(Mel.preset_names())),
        ("training.batch_size", ["16"]),
    ],
)
def test_values_of_a_field_are_offered(field, values):
    words = ("show", "hifigan-v1")
    assert bash(*words, field, "=") == values
    assert bash(*words, field, "=", values[0]) == [v for v in values if v.startswith(values[0])]
    # zsh, and a bash that does not cut at "="
    assert bash(*words, f"{field}=") == [f"{field}={value}" for value in values]
    assert f"{field}={values[-1]}" in zsh(f"show hifigan-v1 {field}=")


def test_lists_metrics_and_labels_are_offered(tmp_path):
    assert bash("list", "") == ["recipes", "mels", *plugins.KINDS]
    assert bash("evaluate", "x", "--metrics", "pesq_w") == ["pesq_wb"]
    assert bash("evaluate", "x", "--metrics", "stoi,pesq_w") == ["stoi,pesq_wb"]
    assert bash("evaluate", "x", "--metrics", "+pesq_w") == ["+pesq_wb"]
    assert bash("evaluate", "x", "--fail-above", "pesq_w") == ["pesq_wb="]
    assert bash("evaluate", "x", "--sets", "--metrics", "") == plugins.names("set_metrics")
    assert bash("vocode", "x", "--device", "c") == ["cpu", "cuda"]
    assert bash("export", "x", "--format", "") == ["onnx", "torch"]
    for step, labels in ((1, ["kick"]), (2, ["kick", "snare"])):
        folder = tmp_path / "run" / "checkpoints" / f"{step:08d}"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"labels": labels}))
    ask = ("generate", "--model", tmp_path / "run", "--label")
    assert bash(*ask, "") == ["kick", "snare"]
    (tmp_path / "run" / "checkpoints" / "best.json").write_text('{"step": 1}')
    assert bash(*ask, "") == ["kick"]
    assert bash("generate", "--model", folder, "--label", "s") == ["snare"]


def test_runs_are_offered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in ("alone", "runs/a", "runs/b"):
        Path(run).mkdir(parents=True)
        own = yaml.safe_load(recipe.dump(recipe.load("digits-cpu", ["data.labels=[a, b]"])))
        Path(run, "recipe.yaml").write_text(yaml.safe_dump(own))
    Path("runs/other").mkdir()
    assert bash("status", "") == ["alone", "runs/a", "runs/b"]
    assert bash("train", "--resume", "runs/") == ["runs/a", "runs/b"]
    assert bash("report", "ru") == ["runs/a", "runs/b"]
    assert bash("vocode", "x", "--model", str(tmp_path / "al")) == [str(tmp_path / "alone")]
    assert bash("train", "--resume", "runs/a", "training.st") == [
        "training.steps=",
        "training.steps=10000",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("train", "nonsense", "DATA", "training.st"),
        ("train", "tiny", "DATA", "nothing."),
        ("train", "tiny", "DATA", "nothing", "=", "x"),
        ("train", "--resume", "/no/such/run", "training.st"),
        ("generate", "--model", "/no/such/model", "--label", ""),
        ("status", "/no/such/folder/r"),
        ("train", "'tin", "x"),
        ("show", "DAMAGED", "training."),
    ],
)
def test_nothing_is_said_where_nothing_can_be_offered(words, tmp_path):
    damaged = tmp_path / "damaged.yaml"
    damaged.write_text("a: [")
    assert bash(*(str(damaged) if word == "DAMAGED" else word for word in words)) == []


def test_a_mistake_of_our_own_is_mute(monkeypatch):
    def broken(*_given):
        raise RuntimeError("a mistake")

    monkeypatch.setattr("typer.completion.shell_complete", broken)
    result = CliRunner(env={ASK: "complete_bash"}).invoke(app, prog_name="wavegan")
    assert (result.exit_code, result.output) == (1, "")


def test_it_is_quick_and_loads_no_torch():
    code = (
        "import sys\nfrom wavegan.cli import app\ntry:\n    app(prog_name='wavegan')\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    asks = {ASK: "complete_bash", "COMP_WORDS": "wavegan\ntrain\ntiny\nx\ntraining.st"}
    env = {**os.environ, **asks, "COMP_CWORD": "4"}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False
    )
    assert ended.stdout.splitlines()[0] == "training.steps="
    loaded = set(ended.stderr.split())
    assert "wavegan.recipe" in loaded
    assert not loaded & {"torch", "numpy", "scipy", "librosa", "soundfile", "accelerate"}


SCRIPT = """
from typer._completion_shared import get_completion_script
print(get_completion_script(prog_name="wavegan", complete_var="_WAVEGAN_COMPLETE", shell="SHELL"))
"""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_real_shell_completes(shell, tmp_path):
    """A terminal, the script that `--install-completion` installs, and the Tab key."""
    pty = pytest.importorskip("pty")
    command = shutil.which(shell)
    if command is None:
        pytest.skip(f"there is no {shell} here")
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("SHELL", shell)], capture_output=True, check=True
    )
    file = tmp_path / "completion"
    file.write_bytes(made.stdout)
    bare = ["--norc", "--noprofile", "-i"] if shell == "bash" else ["-f", "-i"]
    child, terminal = pty.fork()
    if not child:
        os.chdir(tmp_path)
        folder = str(Path(sys.executable).parent)
        os.environ.update(PS1="$ ", TERM="dumb", PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")
        os.execv(command, [shell, *bare])
    try:
        start = "" if shell == "bash" else "autoload -U compinit; compinit -u; "
        os.write(terminal, f"{start}. {file}; echo rea''dy\n".encode())
        said = _until(terminal, "ready\r")
        os.write(terminal, b"wavegan train tiny x training.prec\tb\t")
        # neither shell ends the word with a space before its value is chosen
        said = _until(terminal, "f16")
        assert "ision=" in said
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def _until(terminal, text, seconds=60.0):
    """The output of a terminal up to and including some text."""
    import select

    said, end = "", time.monotonic() + seconds
    while text not in said:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"never {text!r}: {said!r}"
        said += os.read(terminal, 4096).decode(errors="replace")
    return said
