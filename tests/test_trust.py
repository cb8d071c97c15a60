"""A class outside wavegan is imported where the user named it, and never because a model does."""

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
from wavegan.convert import convert
from wavegan.errors import UserError
from wavegan.recipe import Recipe, load
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
