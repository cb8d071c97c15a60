"""KEY=VALUE: a field's type decides how it is read, and messages say where it came from."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from wavegan import fields, recipe
from wavegan.errors import UserError
from wavegan.typed import read

# what YAML would cut, refuse, or make something else of
LEGAL_IN_PATHS = [
    "run #2",
    "#2",
    "[eval]/v.txt",
    "@v.txt",
    "%TEMP%/v.txt",
    "a: b.txt",
    "{x}.txt",
    "*.txt",
    "&v.txt",
    "!v.txt",
    "'v'.txt",
    '"v.txt"',
    "- v.txt",
    "| v",
    "> v",
    "`v`",
    "007",
    "2024-01-02",
    "2024_01",
    "12:30",
    "0x1f",
    "yes",
    "no",
    "true",
    "nan",
    "inf",
    ".inf",
    "v=1.txt",
    "a\tb",
    " v.txt",
    "v.txt ",
    "é.txt",
    "latin1_\udce9.txt",
    "-1a",
]
PATHS = ["data.folder", "data.mels", "data.train", "data.validation", "training.init_from"]


def field(loaded: recipe.Recipe, key: str) -> Any:
    value: Any = loaded
    for part in key.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


@pytest.mark.parametrize("text", LEGAL_IN_PATHS)
def test_a_path_or_a_text_is_taken_as_it_is_typed(text: str, tmp_path: Path) -> None:
    words = [*(f"{key}={text}" for key in PATHS), f"description={text}"]
    loaded = recipe.load("tiny", words)
    assert [field(loaded, key) for key in PATHS] == [*[Path(text)] * 4, text]
    assert loaded.description == text
    file = tmp_path / "again.yaml"
    file.write_text(recipe.dump(loaded), encoding="utf-8")
    # as a run has it written down
    assert recipe.load(str(file)).data == loaded.data
    assert recipe.load(str(file)).training.init_from == text


@pytest.mark.parametrize("text", ["./12", "./1e3", "./~", "./nan"])
def test_a_path_that_looks_like_something_else_is_written_as_a_path(
    text: str, tmp_path: Path
) -> None:
    loaded = recipe.load("tiny", [f"data.validation={text}"])
    assert loaded.data.validation == Path(text)
    file = tmp_path / "again.yaml"
    file.write_text(recipe.dump(loaded), encoding="utf-8")
    assert recipe.load(str(file)).data.validation == Path(text)


@pytest.mark.parametrize("text", ["1e3", "null", "Null", "12", "0.5", "~", "on"])
def test_a_text_that_may_not_be_null_or_a_number_is_text(text: str) -> None:
    assert recipe.load("tiny", [f"description={text}"]).description == text


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("data.validation=0.1", 0.1),
        ("data.validation=12", 12),
        ("data.validation=1e-2", 0.01),
        ("data.validation=./12", Path("12")),
        ("data.train=null", None),
        ("training.init_from=null", None),
        ("data.peak=null", None),
        ("data.workers=0", 0),
        ("training.steps=010", 10),
        ("training.steps=1e3", 1000),
        ("training.optimizer.lr=2e-5", 2e-5),
        ("training.optimizer.betas=[5e-1, 1]", (0.5, 1.0)),
        ("data.balance=yes", True),
        ("data.balance=false", False),
        ("data.labels=folders", "folders"),
        ("data.labels=null", None),
        ("data.labels=[kick, no, 01, 1e3, null]", ("kick", "no", "01", "1e3", "null")),
        ("data.label_pattern=^(\\d+) #", "^(\\d+) #"),
        ("training.trackers=[]", ()),
        ("training.precision=no", "no"),
        ("training.augment={probability: 0.5}", 0.5),
        ("discriminators.mpd=null", None),
        ("losses.mel={name: mel, weight: 3}", 3.0),
    ],
)
def test_other_types_are_what_they_were(word: str, value: Any) -> None:
    loaded, key = recipe.load("hifigan-v1", [word]), word.partition("=")[0]
    if key == "discriminators.mpd":
        assert "mpd" not in loaded.discriminators
        return
    shown = {"training.augment": "training.augment.probability", "losses.mel": "losses.mel.weight"}
    found = field(loaded, shown.get(key, key))
    assert (found, type(found)) == (value, type(value))


def test_options_of_plugins_have_the_types_of_their_constructor() -> None:
    loaded = recipe.load(
        "hifigan-v1", ["generator.resblock=2", "generator.upsample_rates=[8, 010]"]
    )
    assert loaded.generator.options["resblock"] == "2"
    assert loaded.generator.options["upsample_rates"] == [8, 10]
    # of the plug-in that is named on the same line, wherever it stands
    words = ["generator.name=wavegan", "generator.latent_dim=08"]
    with pytest.raises(UserError, match=r"generator\.latent_dim=x .*integer"):
        recipe.load("hifigan-v1", ["generator.name=wavegan", "generator.latent_dim=x"])
    assert recipe.load("hifigan-v1", words).generator.options == {"latent_dim": 8}
    # a plug-in that cannot be loaded here is read as YAML has it
    own = recipe.load("hifigan-v1", ["losses.mine.name=no_such.module:Loss", "losses.mine.size=3"])
    assert own.losses["mine"].options == {"size": 3}


def test_fields_of_the_mel_have_their_types() -> None:
    loaded = recipe.load("hifigan-v1", ["mel.f_max=null", "mel.mel_scale=htk", "mel.power=2"])
    mel = loaded.front_end()
    assert (mel.f_max, mel.mel_scale, mel.power) == (11025, "htk", 2)
    assert recipe.load("hifigan-v1", ["mel=bigvgan-24k"]).front_end().n_mels == 100
    changed = recipe.load("hifigan-v1", ["mel={preset: bigvgan-24k, f_max: 11000}"]).front_end()
    assert (changed.n_mels, changed.f_max) == (100, 11000)


def test_home_is_expanded_in_words_and_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "me"))
    home = tmp_path / "me" / "v.txt"
    file = tmp_path / "mine.yaml"
    file.write_text(
        "inherit: ~/parent.yaml\n"
        "data: {train: ~/v.txt, validation: ~/v.txt}\ntraining: {init_from: ~/v.txt}\n",
        encoding="utf-8",
    )
    home.parent.mkdir()
    (home.parent / "parent.yaml").write_text("inherit: tiny\n", encoding="utf-8")
    words = [f"{key}=~/v.txt" for key in PATHS]
    for loaded in (recipe.load(str(file)), recipe.load("tiny", words)):
        for key in ("data.train", "data.validation", "training.init_from"):
            assert Path(field(loaded, key)) == home
    assert recipe.load("tiny", ["data.mels=~nobody-of-that-name/x"]).data.mels == Path(
        "~nobody-of-that-name/x"
    )
    assert recipe.load("tiny", ["description=~/v.txt"]).description == "~/v.txt"


@pytest.mark.parametrize("number", ["nan", ".nan", ".inf", "1_000", "-2", "1.5"])
def test_a_field_that_is_only_a_number_takes_all_numbers(number: str) -> None:
    made = read(number, float)
    expected = float(number.replace(".nan", "nan").replace(".inf", "inf"))
    assert made == expected or (math.isnan(made) and math.isnan(expected))


def test_lists_are_read_by_the_types_of_their_items() -> None:
    assert read("[[1, 2], [03]]", list[list[int]]) == [[1, 2], [3]]
    assert read("[a, null]", Sequence[Literal["a"] | None]) == ["a", None]
    assert read("[a", list[str]) == "[a"
    assert read("{a: [1, no]}", dict[str, Any]) == {"a": [1, False]}
    assert read("x", Any) == "x"
    assert read("[1, x]", Any) == [1, "x"]
    assert read("null", Any) is None


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("steps=5", "training.steps=5"),
        ("lr=1e-4", "training.optimizer.lr=1e-4"),
        ("optimizer.lr=1e-4", "training.optimizer.lr=1e-4"),
        ("segment=8192", "data.segment=8192"),
        ("upsample_rates=[8, 8]", "generator.upsample_rates=[8, 8]"),
        ("training.lr=1e-4", "training.optimizer.lr=1e-4"),
        ("trainig.steps=5", "training.steps=5"),
        ("training.batchsize=8", "training.batch_size=8"),
        ("batch-size=8", "training.batch_size=8"),
        ("step=8", "training.steps=8"),
        ("Training.Steps=8", "training.steps=8"),
        ("data.validaton=a #b", "data.validation=a #b"),
        ("losses.mell.weight=3", "losses.mel.weight=3"),
    ],
)
def test_a_shortened_or_mistyped_key_is_met_with_the_whole_one(word: str, meant: str) -> None:
    with pytest.raises(UserError) as error:
        recipe.load("hifigan-v3", [word])
    assert str(error.value).startswith(f"{word} (command line): ")
    assert str(error.value).endswith(f"did you mean {shlex.quote(meant)}?")


def test_what_has_many_meanings_or_none_gets_no_proposal() -> None:
    for word in ("name=x", "nothing.like.it=x", "training.minutes=1"):
        with pytest.raises(UserError, match="wavegan show RECIPE lists the fields"):
            recipe.load("hifigan-v1", [word])
    assert "training.augment.noise" in fields.paths(recipe.Recipe, {})


@pytest.mark.parametrize(
    "words",
    [
        ["training.steps", "=", "5"],
        ["training.steps=", "5"],
        ["training.steps", "=5"],
        ["training.steps = 5"],
        ["training.seed=1", "training.steps =5"],
    ],
)
def test_spaces_around_the_equals_sign_are_pointed_out(words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        recipe.load("tiny", words)
    assert "without spaces" in str(error.value)
    assert str(error.value).endswith("training.steps=5")


@pytest.mark.parametrize("key", [*PATHS, "training.steps", "data.peak", "data.labels"])
def test_no_value_is_no_path_and_no_number(key: str) -> None:
    with pytest.raises(UserError) as error:
        recipe.load("tiny", [f"{key}="])
    assert str(error.value).startswith(f"{key}= (command line): ")
    assert recipe.load("tiny", ["description="]).description == ""


def test_a_mistake_is_blamed_on_who_made_it(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent.yaml", tmp_path / "child.yaml"
    parent.write_text("inherit: tiny\ntraining: {steps: abc, seed: 3}\n", encoding="utf-8")
    child.write_text("inherit: parent.yaml\ntraining: {seed: xyz}\n", encoding="utf-8")
    for words, named, not_named in (
        (["training.steps=3"], ["training.seed: ", "'xyz'", str(child)], ["(command line)"]),
        (["training.seed=3"], ["training.steps: ", "'abc'", str(parent)], [str(child)]),
        (["training.seed=3", "training.steps=0"], ["training.steps=0 (command line): "], ["yaml"]),
        (
            ["training.seed=3", "training.steps=1", "data.validation=[]", "data.channels=x"],
            ["data.channels=x (command line): "],
            ["yaml"],
        ),
    ):
        with pytest.raises(UserError) as error:
            recipe.load(str(child), words)
        for part in named:
            assert part in str(error.value)
        for part in not_named:
            assert part not in str(error.value)


def test_an_unknown_field_of_a_file_is_blamed_on_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("inherit: tiny\ntraining: {stepz: 3}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"training\.stepz: no such field in .*mine\.yaml") as error:
        recipe.load(str(file), ["training.seed=1"])
    assert str(error.value).endswith("did you mean training.steps?")


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("generator.name=higan", ["generator.name=higan (command line)", "'hifigan'"]),
        ("losses.mel.weigth=3", ["losses.mel.weigth=3 (command line)"]),
        ("generator.upsample_rates=x", ["generator.upsample_rates=x (command line)", "list"]),
        ("generator=hifigan", ["generator=hifigan (command line)", "generator.name=hifigan?"]),
        ("training=5", ["training=5 (command line)", "fields"]),
        ("losses.mel=20", ["losses.mel=20 (command line)", "losses.mel.weight=20?"]),
        ("losses.mel=stft", ["losses.mel=stft (command line)", "losses.mel.name=stft?"]),
        ("training.steps=10k", ["training.steps=10k (command line)", "whole number"]),
        ("training.trackers=wandb", ["training.trackers=wandb (command line)", "[a, b]"]),
        ("mel.hop_len=3", ["mel.hop_len=3 (command line)", "'hop_length'"]),
        ("mel.n_mels=abc", ["mel.n_mels=abc (command line)", "n_mels"]),
        ("mel=hifigan-23k", ["mel=hifigan-23k (command line)", "'hifigan-22k'"]),
        ("losses.new.weight=2", ["losses.new.weight=2 (command line)", "losses.new.name"]),
        ("data.labels=colours", ["data.labels=colours (command line)", "'folders' or 'names'"]),
        ("data.label_pattern=abc", ["data.label_pattern=abc (command line)", "one group"]),
    ],
)
def test_mistakes_with_plugins_and_unions_name_the_word(word: str, parts: list[str]) -> None:
    with pytest.raises(UserError) as error:
        recipe.load("hifigan-v1", [word])
    for part in parts:
        assert part in str(error.value)
    assert "\n" not in str(error.value)
