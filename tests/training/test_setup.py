"""A wrong recipe is refused before a file is read; a failed run says where."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import RunError, UserError
from wavegan.interrupt import Interrupt
from wavegan.tasks.vocode import Vocode
from wavegan.training import setup
from wavegan.training.parts import build, check
from wavegan.training.plan import describe

NOWHERE = "data.folder=/no/such/folder"


def loaded(small: str, *overrides: str) -> recipe.Recipe:
    return recipe.load(small, [NOWHERE, *overrides])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "mel.hop_length=240",
            r"^data\.segment is 2048, not a multiple of mel\.hop_length \(240\): "
            r"give 2160, ",
        ),
        (
            "data.segment=2000",
            r"^data\.segment is 2000, not a multiple of mel\.hop_length \(256\): "
            r"give 2048, ",
        ),
        ("data.segment=100", r"data\.segment is 100.*give 256"),
        (
            "generator.upsample_rates=[8, 8, 2]",
            r"mel\.hop_length 256 is not 128, the product of generator\.upsample_rates \[8, 8, 2\]"
            r": set mel\.hop_length to 128, or generator\.upsample_rates to \[8, 8, 4\]",
        ),
        (
            "generator.upsample_kernel_sizes=[16, 16, 7]",
            r"upsample_kernel_sizes \[16, 16, 7\] does not fit upsample_rates \[8, 8, 4\]"
            r".*\[16, 16, 8\]$",
        ),
        (
            "discriminators.windows={name: stylemelgan}",
            r"data\.segment is 2048, but discriminators\.windows needs 4096 samples",
        ),
        ("mel.f_max=12000", r"mel\.f_max.*12000.*11025"),
        ("data.channels=2", r"^audio\.channels is 2: the task vocode is mono; set it to 1$"),
        ("generator.name=hifigam", r"'hifigam' among the generators; did you mean 'hifigan'"),
        ("generator.upsample_rate=[8]", r"generator\.upsample_rate.*'upsample_rates'"),
        ("losses.mel.fmax=8000", r"losses\.mel\.fmax.*'f_max'"),
        ("discriminators.mpd.periods=[2, 2]", r"periods \[2, 2\].*different"),
        ("penalties.r1={name: r1, gama: 1}", r"penalties\.r1\.gama.*'gamma'"),
        ("objective={name: lsgan, a: 1}", r"objective\.a: lsgan has no such option"),
        ("task.name=vocoder", r"'vocoder' among the tasks; did you mean 'vocode'"),
    ],
)
def test_contradictions_are_refused_in_one_line(small: str, override: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        check(loaded(small, override))
    assert "\n" not in str(refusal.value)


def test_what_a_refusal_proposes_is_accepted(small: str) -> None:
    build(loaded(small, "data.segment=2160", "mel.hop_length=240",
                       "generator.upsample_rates=[8, 6, 5]",
                       "generator.upsample_kernel_sizes=[16, 12, 11]"))  # fmt: skip
    build(loaded(small, "mel.f_max=11025"))


@pytest.mark.parametrize("command", ["prepare", "describe"])
def test_the_recipe_is_checked_before_the_folder(small: str, tmp_path: Path, command: str) -> None:
    """The folder is missing too; the field is reported first."""

    def start(wrong: recipe.Recipe) -> None:
        if command == "describe":
            describe(wrong)
        else:
            setup.prepare(wrong, tmp_path / "run", device="cpu", listener=Silent())

    with pytest.raises(UserError, match=r"data\.segment"):
        start(loaded(small, "data.segment=2000"))
    with pytest.raises(UserError, match="/no/such/folder"):
        start(loaded(small))
    with pytest.raises(UserError, match=r"data\.folder is not set"):
        start(recipe.load(small))
    assert not (tmp_path / "run").exists()


def test_what_is_built_follows_the_recipe(small: str) -> None:
    parts = build(
        loaded(
            small,
            "penalties.r1={name: r1, weight: 3, every: 4}",
            "feature_matching.weight=5",
            "losses.mel.weight=7",
        )
    )
    assert parts.config.mel.sample_rate == 22050
    assert (parts.config.peak, parts.config.channels, parts.config.task) == (0.95, 1, "vocode")
    assert parts.config.generator["name"] == "hifigan"
    assert parts.discriminator is not None
    assert list(parts.discriminator.members) == ["mpd"]
    assert parts.terms.matching == (5, "hifigan")
    assert {name: weight for name, (weight, _) in parts.terms.losses.items()} == {"mel": 7}
    ((weight, penalty),) = parts.terms.penalties.values()
    assert (weight, penalty.every) == (3, 4)
    assert build(loaded(small, "discriminators.mpd=null", "feature_matching=null",
                              "data.segment=2560")).discriminator is None  # fmt: skip


def test_describe_counts_without_writing(small: str, speech: Path, tmp_path: Path) -> None:
    wanted = recipe.load(small, [f"data.folder={speech}", "training.steps=100"])
    parts = build(wanted)
    plan = describe(wanted)
    assert parts.discriminator is not None
    assert plan["generator_parameters"] == sum(p.numel() for p in parts.generator.parameters())
    assert plan["discriminator_parameters"] == sum(
        p.numel() for p in parts.discriminator.parameters()
    )
    assert plan["sample_rate"] == 22050
    files = len(list(speech.glob("*.flac")))
    assert (plan["training_files"], plan["validation_files"]) == (files - 2, 2)
    assert plan["not_usable"] == []
    assert plan["steps"] == 100
    # 100 steps of 4 crops of 2048 samples, over all there is
    heard = 100 * 4 * 2048 / 22050 / 3600
    assert plan["epochs"] == pytest.approx(heard / plan["training_hours"], rel=0.05)
    assert 0.01 < plan["training_hours"] < 0.03
    json.dumps(plan)


def test_describe_of_losses_alone(small: str, speech: Path) -> None:
    plan = describe(
        recipe.load(
            small,
            [f"data.folder={speech}", "discriminators.mpd=null", "feature_matching=null"],
        )
    )
    assert plan["discriminator_parameters"] == 0


def test_mels_are_refused_by_a_task_that_takes_none(
    small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(loaded(small, "data.mels=mels"))
    monkeypatch.setattr(Vocode, "conditions", frozenset())
    with pytest.raises(UserError, match=r"data\.mels is set, but the task vocode takes no mels"):
        build(loaded(small, "data.mels=mels"))


def trained(small: str, speech: Path, run: Path, *overrides: str) -> Any:
    wanted = recipe.load(small, [f"data.folder={speech}", *overrides])
    trainer = setup.prepare(wanted, run, device="cpu", trust_code=True, listener=Silent())
    trainer.train(Interrupt())
    return trainer


def test_a_batch_that_processes_cannot_share_is_refused(
    small: str, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accelerate.Accelerator.num_processes", property(lambda _: 3), raising=True)
    monkeypatch.setenv("WAVEGAN_PROCESSES", "3")
    wanted = recipe.load(small, [f"data.folder={speech}"])
    with pytest.raises(UserError, match=r"training\.batch_size is 4.*multiple.*\(3\)"):
        setup.prepare(wanted, tmp_path / "run", device="cpu", trust_code=True, listener=Silent())


def test_processes_that_are_not_there_are_missed(
    small: str, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAVEGAN_PROCESSES", "2")
    wanted = recipe.load(small, [f"data.folder={speech}"])
    with pytest.raises(RunError, match="2 processes were started, but only 1 found each"):
        setup.prepare(wanted, tmp_path / "run", device="cpu", trust_code=True, listener=Silent())


def test_a_tracker_that_is_not_installed_is_left_out(
    small: str, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wavegan.training.log.find_spec", lambda _name: None)
    trained(small, speech, tmp_path, "training.trackers=[tensorboard]", "training.steps=1")
    assert list(bundle.checkpoints(tmp_path)) == [1]
    assert not (tmp_path / "tensorboard").exists()


def test_a_tracker_that_nobody_knows_is_refused(small: str, speech: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'tensorbord'; did you mean 'tensorboard'"):
        trained(small, speech, tmp_path / "run", "training.trackers=[tensorbord]")
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_here_is_refused(small: str, speech: Path, tmp_path: Path) -> None:
    wanted = recipe.load(small, [f"data.folder={speech}"])
    with pytest.raises(UserError, match="cuda"):
        setup.prepare(wanted, tmp_path / "run", device="cuda", listener=Silent())
