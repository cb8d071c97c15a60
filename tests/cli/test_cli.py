"""The command line as a whole: quick help, lists, recipes, and errors of one line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import wavegan
from wavegan import plugins, recipe
from wavegan.cli import app
from wavegan.errors import RunError, UserError
from wavegan.mel.front_end import Mel

REPO = Path(__file__).resolve().parents[2]
COMMANDS = ["train", "vocode", "generate", "convert", "export", "judge", "doctor", "list", "show"]


def call(*words):
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, [str(word) for word in words])


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def wrong(result):
    """The one line on stderr of a call with a mistake."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


def cpu_seconds(*command):
    """Processor time of a command, independent of other load on the machine."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell a child's time")
def test_help_is_quick():
    script = Path(sys.executable).with_name("wavegan")
    assert min(cpu_seconds(script, "--help") for _ in range(5)) < 0.5


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["train", "--help"],
        ["vocode", "-h"],
        ["doctor", "mel", "-h"],
        ["convert", "-h"],
        ["export", "-h"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys\nfrom wavegan.cli import app\n"
        f"try:\n    app({words!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = run(sys.executable, "-c", code)
    assert ended.returncode == 0, ended.stderr
    loaded = set(ended.stderr.split())
    assert "typer" in loaded
    assert not loaded & {"torch", "numpy", "yaml", "soundfile", "accelerate", "wavegan.recipe"}


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command(option):
    result = call(option)
    assert result.exit_code == 0
    for command in COMMANDS:
        assert f" {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(command):
    result = call(command, "-h")
    assert result.exit_code == 0
    assert result.stdout.count(f"wavegan {command}") >= 2
    assert result.stderr == ""


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_the_packages(option):
    result = call(option)
    assert result.exit_code == 0
    assert result.stdout == f"wavegan {wavegan.__version__}\n"


@pytest.mark.parametrize("command", [["cli.py"], ["-m", "wavegan"]])
def test_other_ways_to_start_it(command):
    ended = run(sys.executable, *command, "--version", cwd=REPO)
    assert (ended.returncode, ended.stdout) == (0, f"wavegan {wavegan.__version__}\n")


def test_no_arguments_show_the_help():
    result = call()
    assert result.exit_code == 2
    assert "Usage" in result.output
    assert " vocode " in result.output


def test_an_unknown_command_is_met_with_the_nearest():
    result = call("vocod")
    assert result.exit_code == 2
    assert "vocode" in result.stderr


def test_list_names_everything_there_is():
    result = call("list")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(call("list", "--json").stdout)
    about = found.pop("about")
    assert found.keys() == {"recipes", "mels", *plugins.KINDS}
    assert found["mels"] == Mel.preset_names()
    assert found["recipes"] == sorted(recipe.recipes())
    assert set(found["recipes"]) == {file.stem for file in (REPO / "recipes").glob("*.yaml")}
    assert {"hifigan", "melgan"} <= set(found["generators"])
    for kind in plugins.KINDS:
        assert found[kind] == plugins.names(kind)
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "recipe", *found.pop("recipes"), *(f"{kind}:" for kind in found)
    ]  # fmt: skip
    for kind, names in found.items():
        reported = next(line for line in lines if line.startswith(f"{kind}:"))
        assert [name.strip() for name in reported.split(":", 1)[1].split(",")] == names
    for name, own in about.items():
        reported = next(line for line in lines if line.split()[0] == name)
        assert own["description"] in reported
        assert own["needs"] in reported
        assert (own["gave"] or "not trained by us yet") in reported


def test_list_says_of_a_recipe_what_it_gave_only_where_results_have_it():
    results = (REPO / "docs" / "results.md").read_text(encoding="utf-8")
    about = json.loads(call("list", "recipes", "--json").stdout)["about"]
    assert {name for name, own in about.items() if own["gave"]} == {
        "tiny", "digits-cpu", "drums-cpu"
    }  # fmt: skip
    for name, own in about.items():
        assert own["description"]
        assert "CPU" in own["needs"] or "GPU" in own["needs"], name
        for figure in re.findall(r"[\d.,]*\d", own["gave"] or ""):
            section = results.split(f"## `{name}`")[1].split("\n## ")[0]
            assert figure in section, (name, figure)


@pytest.mark.parametrize("kind", ["mels", *plugins.KINDS])
def test_list_of_one_kind_is_a_name_a_line(kind):
    names = json.loads(call("list", "--json").stdout)[kind]
    assert names
    assert call("list", kind).stdout == "".join(f"{name}\n" for name in names)
    assert json.loads(call("list", kind, "--json").stdout) == {kind: names}


def test_presets_and_recipes_are_one_list():
    shown = call("list", "recipes").stdout
    assert call("list", "presets").stdout == shown
    assert [line.split()[0] for line in shown.splitlines()[1:]] == sorted(recipe.recipes())


def test_show_has_what_a_recipe_needs_and_gave():
    shown = yaml.safe_load(call("show", "tiny").stdout)
    about = json.loads(call("list", "--json").stdout)["about"]["tiny"]
    assert {key: shown[key] for key in about} == about


def test_list_of_nothing_known_says_what_there_is():
    assert "known: " in wrong(call("list", "nothing"))
    assert "did you mean 'recipes'" in wrong(call("list", "recipe"))


def test_show_resolves_what_is_inherited():
    result = call("show", "hifigan-v3")
    assert (result.exit_code, result.stderr) == (0, "")
    shown = yaml.safe_load(result.stdout)
    assert "inherit" not in shown
    assert shown["generator"]["upsample_rates"] == [8, 8, 4]
    assert shown["losses"]["mel"]["weight"] == 45
    assert shown["training"]["seed"] == recipe.load("hifigan-v3").training.seed


def test_what_is_shown_is_a_recipe(tmp_path):
    file = tmp_path / "shown.yaml"
    file.write_text(call("show", "tiny", "training.seed=5").stdout, encoding="utf-8")
    assert recipe.load(str(file)) == recipe.load("tiny", ["training.seed=5"])


def test_show_applies_overrides_and_writes_json():
    result = call("show", "hifigan-v1", "training.batch_size=32", "discriminators.msd=null")
    shown = yaml.safe_load(result.stdout)
    assert shown["training"]["batch_size"] == 32
    assert list(shown["discriminators"]) == ["mpd"]
    as_json = call(
        "show", "hifigan-v1", "training.batch_size=32", "discriminators.msd=null", "--json"
    )
    assert json.loads(as_json.stdout) == shown
    assert as_json.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hifigan_v2"], "there is no recipe 'hifigan_v2'; did you mean 'hifigan-v2'?"),
        (["gone.yaml"], "gone.yaml: no such recipe file"),
        (
            ["tiny", "training.stepz=1"],
            "training.stepz=1 (command line): no such field; did you mean training.steps=1?",
        ),
        (["tiny", "fast"], "'fast': write KEY=VALUE"),
        (["tiny", "training.steps=0"], "training.steps=0 (command line): "),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words, message):
    assert message in wrong(call("show", *words))


@pytest.mark.parametrize("command", [["train", "tiny", "DATA", "--out", "run"], ["show", "tiny"]])
@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--steps", "5"], "training.steps=5"),
        (["--steps=5"], "training.steps=5"),
        (["--training.steps", "5"], "training.steps=5"),
        (["--batch-size", "8"], "training.batch_size=8"),
        (["--lr", "1e-4"], "training.optimizer.lr=1e-4"),
        (["--sede", "3"], "training.seed=3"),
        (["--balance"], "data.balance=VALUE"),
        (["steps=5"], "training.steps=5"),
        (["lr=1e-4"], "training.optimizer.lr=1e-4"),
        (["trainig.steps=5"], "training.steps=5"),
    ],
)
def test_a_field_in_another_form_is_met_with_the_right_one(command, words, meant):
    assert f"did you mean {meant}?" in wrong(call(*command, *words))


def test_an_option_that_is_no_field_is_the_parsers():
    for command in (["train", "tiny", "--devise", "cpu"], ["vocode", "a.wav", "--steps", "5"]):
        result = call(*command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "No such option" in result.stderr


@pytest.mark.parametrize("words", [["--debug", "list", "nothing"], ["list", "nothing", "--debug"]])
def test_debug_lets_the_traceback_through(words):
    result = call(*words)
    assert isinstance(result.exception, UserError)
    assert result.exit_code == 1
    assert "WAVEGAN_DEBUG" not in os.environ


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (UserError("a\nb"), 2, "error: a b"),
        (RunError("the loss is not finite"), 1, "error: the loss is not finite"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            OSError(28, "No space left on device", "x.wav"),
            1,
            "error: x.wav: No space left on device",
        ),
        (MemoryError(), 1, "error: MemoryError() (--debug shows the traceback)"),
        (
            RuntimeError("out of memory\nlong story"),
            1,
            "error: out of memory (--debug shows the traceback)",
        ),
        (
            ImportError("No module named 'x'"),
            1,
            "error: No module named 'x': to install it: pip install ",
        ),
    ],
)
def test_how_a_command_ends_badly(monkeypatch, raised, code, line):
    def fail(*_arguments):
        raise raised

    monkeypatch.setattr(recipe, "load", fail)
    result = call("show", "tiny")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


def test_a_mistake_shows_a_traceback_only_with_debug():
    environment = {key: value for key, value in os.environ.items() if key != "WAVEGAN_DEBUG"}
    command = [sys.executable, "-m", "wavegan", "list", "nothing"]
    plain, debug = run(*command, env=environment), run(*command, "--debug", env=environment)
    assert plain.returncode == 2
    assert plain.stderr.startswith("error: 'nothing': no such list")
    assert "Traceback" not in plain.stderr
    assert debug.returncode != 0
    assert "Traceback" in debug.stderr
    assert "list_command" in debug.stderr


def test_home_is_expanded_behind_an_equals_sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    message = wrong(call("train", "--resume=~/my run"))
    assert str(tmp_path / "my run") in message


def test_a_reader_that_leaves_early_is_no_error():
    ended = run("sh", "-c", f"'{sys.executable}' -m wavegan show hifigan-v1 | true")
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
