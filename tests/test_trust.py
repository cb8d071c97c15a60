"""A class outside wavegan is imported if the user named it, and never because a model does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from wavegan import Synthesizer, Vocoder, bundle, plugins
from wavegan.adapters import HiFiGANVocoder
from wavegan.cli import train
from wavegan.convert import convert
from wavegan.errors import UserError
from wavegan.recipe import Recipe, dump, load
from wavegan.reports import tables
from wavegan.training import parts

OWN = """
import os, pathlib
from wavegan.discriminators.mpd import MultiPeriod
from wavegan.generators.hifigan import HiFiGAN

pathlib.Path(os.environ["MARK"]).touch()

class Mine(HiFiGAN):
    pass

class MyMPD(MultiPeriod):
    pass

class Noted(MultiPeriod):
    def __init__(self, note: str = "", periods: tuple[int, ...] = (2,)) -> None:
        super().__init__(periods=periods)
"""


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `strangers_code`, once imported, leaves a file."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "strangers_code.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "code")
    monkeypatch.delitem(sys.modules, "strangers_code", raising=False)
    monkeypatch.setenv("MARK", str(tmp_path / "it-ran"))
    return tmp_path / "it-ran"


@pytest.fixture
def model(save_tiny: Callable[..., Path], tmp_path: Path) -> Path:
    """A bundle whose generator is called `strangers_code:Mine`."""
    folder = tmp_path / "model"
    folder.mkdir()
    save_tiny(folder)
    config = json.loads((folder / "config.json").read_text())
    config["generator"]["name"] = "strangers_code:Mine"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "checksums.json").unlink()  # as a stranger would have it
    return folder


WAYS: dict[str, Callable[..., Any]] = {
    "vocoder": Vocoder.from_pretrained,
    "synthesizer": Synthesizer.from_pretrained,
    "adapter": HiFiGANVocoder.from_pretrained,
    "bundle": bundle.load,
    "convert": lambda path, **trust: convert(path, path.parent / "converted", **trust),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_model_names_a_class_and_nothing_is_imported(way: str, model: Path, mark: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json: generator: 'strangers_code:Mine'.*trust"):
        WAYS[way](model)
    assert not mark.exists()
    assert "strangers_code" not in sys.modules


@pytest.mark.parametrize("way", ["vocoder", "adapter", "bundle", "convert"])
def test_who_trusts_it_says_so(way: str, model: Path, mark: Path) -> None:
    WAYS[way](model, trust_code=True)
    assert mark.exists()


def test_a_trusted_model_sounds_like_the_class_it_inherits(
    model: Path, mark: Path, save_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    mel = torch.randn(8, 5)
    ours = Vocoder.from_pretrained(save_tiny(tmp_path / "plain"))(mel)
    assert torch.equal(Vocoder.from_pretrained(model, trust_code=True)(mel), ours)


@pytest.mark.parametrize(
    "name",
    ["unittest.__main__:x", "os:system", "wavegan.cli:app", "strangers_code:Mine", ":", "a:"],
)
def test_no_name_with_a_colon_is_followed_by_itself(name: str, mark: Path) -> None:
    for kind in plugins.KINDS:
        with pytest.raises(UserError, match="trust"):
            plugins.find(kind, name)
    assert not mark.exists()


def recipe(small: str, section: str) -> Recipe:
    field = {"discriminators": "discriminators.mine.name", "generator": "generator.name"}[section]
    own = {"discriminators": "MyMPD", "generator": "Mine"}[section]
    return load(small, [f"{field}=strangers_code:{own}"])


@pytest.mark.parametrize("section", ["discriminators", "generator"])
def test_the_recipe_of_a_run_is_not_followed(section: str, small: str, mark: Path) -> None:
    with pytest.raises(UserError, match=f"{section}.*strangers_code"):
        parts.build(recipe(small, section))
    assert not mark.exists()


NOTED = "discriminators.mine.name=strangers_code:Noted"


def test_options_of_a_class_that_the_user_named_are_read_by_its_constructor(
    small: str, mark: Path
) -> None:
    words = [NOTED, "discriminators.mine.note=12: [a", "discriminators.mine.periods=[3, 5]"]
    options = load(small, words, trust_code=True).discriminators["mine"].options
    assert mark.exists()
    assert options == {"note": "12: [a", "periods": [3, 5]}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("discriminators.mine.periods=x", "list"),
        ("discriminators.mine.period=[3]", "'periods'"),
        ("discriminators.mine.periods=[a]", "whole number"),
    ],
)
def test_what_its_constructor_does_not_take_is_refused_by_the_word(
    small: str, mark: Path, word: str, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        load(small, [NOTED, word], trust_code=True)
    assert f"{word} (command line)" in str(refused.value)
    assert said in str(refused.value)
    # of a stranger's they are read as YAML
    assert load(small, [NOTED, word]).discriminators["mine"].options


def test_options_of_a_stranger_s_class_are_read_without_it(small: str, mark: Path) -> None:
    words = [NOTED, "discriminators.mine.note=7", "discriminators.mine.periods=[3, 5]"]
    assert load(small, words).discriminators["mine"].options == {"note": 7, "periods": [3, 5]}
    assert not mark.exists()


def test_train_trusts_the_recipe_that_is_named_and_no_run(
    small: str, mark: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.yaml").write_text(dump(load(small, [NOTED])))
    word = "discriminators.mine.periods=x"
    train._plan([word], None, run, "cpu", False)
    assert not mark.exists()
    with pytest.raises(UserError, match=word):
        train._plan([small, str(tmp_path), NOTED, word], run, None, "cpu", False)
    with pytest.raises(UserError, match=word):
        train._plan([word], None, run, "cpu", True)
    assert mark.exists()


def test_a_class_that_cannot_be_imported_is_named_where_it_is_built(small: str) -> None:
    words = ["discriminators.mine.name=no_such:Class", "discriminators.mine.note=7"]
    made = load(small, words, trust_code=True)
    with pytest.raises(UserError, match=r"discriminators\.mine: .*no_such"):
        parts.build(made, trust_code=True)


def test_a_metric_that_an_evaluation_names_is_not_looked_up(mark: Path) -> None:
    assert tables._metric("strangers_code:Mine") is None
    assert not mark.exists()


@pytest.mark.slow
def test_resuming_a_downloaded_run_runs_nothing(
    small: str, speech: Path, mark: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        f"inherit: {small}\ndiscriminators: {{mpd: null, mine: {{name: 'strangers_code:MyMPD'}}}}\n"
    )
    run = tmp_path / "run"

    def command(*words: object) -> "subprocess.CompletedProcess[str]":
        mark.unlink(missing_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "wavegan", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path / "code")])},
        )

    # the user's own recipe may, and that is said
    begun = command("train", own, speech, "--out", run, "training.steps=1")
    assert begun.returncode == 0, begun.stderr
    assert mark.exists()
    assert "strangers_code:MyMPD" in begun.stderr
    # what a run, or a copy of one, says is another matter
    for words in (
        ["train", "--resume", run, "training.steps=2"],
        ["train", "--resume", run, "training.steps=2", "--dry-run"],
        ["status", run],
        ["report", run, "--out", tmp_path / "page.html"],
    ):
        done = command(*words)
        assert not mark.exists(), words
        assert "Traceback" not in done.stderr
        if words[0] == "train":
            assert done.returncode == 2
            assert "strangers_code:MyMPD" in done.stderr
            assert "--trust-code" in done.stderr
    trusted = command("train", "--resume", run, "training.steps=2", "--trust-code")
    assert trusted.returncode == 0, trusted.stderr
    assert mark.exists()
