"""Training on a folder of sounds: labels, latents, n_critic, augmentation, metrics, resuming."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import UserError
from wavegan.interrupt import Interrupt
from wavegan.progress import wording
from wavegan.progress.alarm import Alarm
from wavegan.progress.history import History
from wavegan.training import setup
from wavegan.training.plan import describe
from wavegan.training.trainer import Trainer
from wavegan.validation.generation import Generation

RECIPE = str(Path(__file__).parents[1] / "sounds.yaml")
RATE, SEGMENT = 8000, 4096


class Notes(Silent):
    """Records notes and alarms."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.alarms: list[Alarm] = []

    def alarm(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decaying tones, low ones and high ones, eight each and of many lengths."""
    root = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(0)
    for label, pitch in (("high", 1000), ("low", 100)):
        (root / label).mkdir()
        for number in range(8):
            time = np.arange(random.integers(2000, 5000)) / RATE
            wave = np.sin(2 * np.pi * pitch * random.uniform(0.8, 1.2) * time) * np.exp(-6 * time)
            soundfile.write(root / label / f"{number}.wav", 0.5 * wave, RATE)
    return root


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def prepared(
    run: Path, folder: Path, *overrides: str, resume: bool = False, listener: Any = None
) -> Trainer:
    source = str(run / "recipe.yaml") if resume else RECIPE
    words = overrides if resume else (f"data.folder={folder}", *overrides)
    wanted = recipe.load(source, words)
    return setup.prepare(wanted, run, device="cpu", resume=resume, listener=listener or Silent())


def trained(run: Path, folder: Path, *overrides: str, resume: bool = False) -> Trainer:
    trainer = prepared(run, folder, *overrides, resume=resume)
    trainer.train(Interrupt())
    return trainer


def lines(run: Path, kind: str = "train") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {k: v for k, v in line.items() if not k.startswith("speed/")}
        for line in found
        if line["kind"] == kind
    ]


def weights(run: Path, step: int) -> dict[str, bytes]:
    root = run / "checkpoints" / f"{step:08d}"
    return {file.name: file.read_bytes() for file in root.rglob("*.safetensors")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    trained(run, folder)
    return run


def test_labels_are_the_folders_and_are_written_down(whole: Path) -> None:
    assert yaml.safe_load((whole / "recipe.yaml").read_text())["data"]["labels"] == ["high", "low"]
    config, generator = bundle.load(whole)
    assert config.labels == ("high", "low")
    assert config.segment == SEGMENT
    assert config.task == "synthesize"
    made = generator(torch.zeros(2, 8), torch.tensor([0, 1]))
    assert made.shape == (2, 1, SEGMENT)
    assert not torch.equal(made[0], made[1])


def test_g_learns_at_every_second_step(whole: Path) -> None:
    assert [("generator/total" in line) for line in lines(whole)] == [False, True] * 3


def test_the_average_moves_only_when_g_does(tmp_path: Path, folder: Path) -> None:
    trainer = trained(tmp_path / "run", folder, "training.steps=4")
    assert trainer.train_state.ema is not None
    assert int(trainer.train_state.ema.get_buffer("n_averaged")) == 2


def test_the_figures_of_validation(whole: Path) -> None:
    (values,) = lines(whole, "validation")
    assert set(values) == {
        *("kind", "step", "frechet", "diversity", "nearest_neighbour", "ndb", "js"),
        *("label_agreement", "accuracy_real", "accuracy_fake"),
    }
    assert values["frechet"] > 0
    for name in ("label_agreement", "accuracy_real", "accuracy_fake", "ndb"):
        assert 0 <= values[name] <= 1
    best = json.loads((whole / "checkpoints" / "best.json").read_text())
    assert best == {"step": 6, "frechet": values["frechet"]}


def test_previews_are_named_by_label_and_drawn(whole: Path) -> None:
    names = sorted(file.name for file in (whole / "samples" / "00000006").iterdir())
    assert names == ["00_high.wav", "01_low.wav", "02_high.wav", "sheet.png"]
    audio, rate = soundfile.read(whole / "samples" / "00000006" / "00_high.wav")
    assert (len(audio), rate) == (SEGMENT, RATE)


def test_checkpoints_that_are_not_measured_have_the_same_previews(
    tmp_path: Path, folder: Path
) -> None:
    trained(tmp_path / "saved", folder, "training.steps=3", "training.checkpoint_every=2")
    trained(tmp_path / "measured", folder, "training.steps=3", "training.validate_every=2")
    assert [line["step"] for line in lines(tmp_path / "saved", "validation")] == [3]
    files = [run / "samples" / "00000002" for run in (tmp_path / "saved", tmp_path / "measured")]
    for name in ("00_high.wav", "01_low.wav", "02_high.wav"):
        saved, measured = ((folder / name).read_bytes() for folder in files)
        assert saved == measured


def test_real_clips_against_themselves_are_perfect(tmp_path: Path, folder: Path) -> None:
    validation = prepared(tmp_path / "run", folder).validation
    assert isinstance(validation, Generation)
    values = validation.measure(validation.real)
    assert values["frechet"] == pytest.approx(0, abs=1e-6)
    assert values["diversity"] == pytest.approx(1)
    assert values["nearest_neighbour"] == 0
    assert values["ndb"] == 0
    assert values["label_agreement"] == 1


def test_resuming_is_exact_wherever_it_is_measured(
    tmp_path: Path, folder: Path, whole: Path
) -> None:
    """The random draws of augmentation continue too, and validations take none of them."""
    run = tmp_path / "run"
    trained(run, folder, "training.steps=3", "training.validate_every=1")
    torch.manual_seed(99)
    trained(run, folder, "training.steps=6", "training.validate_every=2", resume=True)
    assert weights(run, 6) == weights(whole, 6)
    assert lines(run) == lines(whole)


def test_the_strength_of_augmentation_is_kept(tmp_path: Path, folder: Path) -> None:
    """All four clips a step right: after 4 steps p is 4 * 4 / 40."""
    run = tmp_path / "run"
    trainer = prepared(run, folder, "training.steps=5", "training.augment.probability=adaptive")
    assert trainer.adaptive is not None
    trainer.adaptive.target = -2.0  # below any sign, so that it rises
    trainer.train(Interrupt())
    assert lines(run)[-1]["discriminator/augment"] == pytest.approx(0.4)
    again = prepared(run, folder, "training.steps=6", resume=True)
    assert again.train_state.progress.augment.p == pytest.approx(0.4)
    assert again.train_state.progress.augment.turns == 1


def test_augmentation_is_off_where_clips_abound(tmp_path: Path, folder: Path) -> None:
    heard = Notes()
    trainer = prepared(tmp_path / "run", folder, "training.augment.max_crops=3", listener=heard)
    assert trainer.step.augment is None
    assert trainer.adaptive is None
    assert [note for note in heard.notes if note.startswith("training.augment is off: ")]


def test_a_collapse_is_an_alarm(tmp_path: Path, folder: Path) -> None:
    """One sound for every latent: reported and logged at the fourth validation."""
    heard = Notes()
    trainer = prepared(
        tmp_path / "run",
        folder,
        "training.validate_every=1",
        "training.steps=4",
        "training.optimizer.lr=1e-12",
        listener=heard,
    )
    for network in (trainer.train_state.networks["generator"], trainer.train_state.ema):
        assert network is not None
        for parameter in network.parameters():
            parameter.data.zero_()
    trainer.train(Interrupt())
    first = heard.alarms[0]
    assert (first.step, first.name, first.network) == (4, "collapse", "generator")
    assert first.numbers["diversity"] < 0.01
    written = lines(tmp_path / "run", "alarm")[0]
    assert written == {"kind": "alarm", "step": 4, "text": wording.line(first), **first.to_dict()}
    assert History.read(tmp_path / "run").alarms[0].numbers == first.numbers


def test_a_dry_run_names_the_labels(folder: Path) -> None:
    plan = describe(recipe.load(RECIPE, [f"data.folder={folder}"]))
    assert plan["labels"] == ["high", "low"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("losses={mel: {name: mel}}", "losses: the task synthesize compares sets of clips"),
        ("feature_matching={weight: 1}", "feature_matching: the task synthesize compares sets"),
        ("generator={name: hifigan}", "generator.name is hifigan, .* LatentGenerator"),
        ("mel=hifigan-22k", "audio.sample_rate is 8000, but .*22050"),
        ("task={name: vocode}", "data.labels is set, but the task vocode takes no labels"),
        ("training.adversarial_from=2", "training.adversarial_from is set"),
        ("training.augment.gain=90", "gain"),
    ],
)
def test_contradictions_are_refused(
    tmp_path: Path, folder: Path, override: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepared(tmp_path / "run", folder, override)
    assert not (tmp_path / "run").exists()


def test_files_that_lie_in_no_folder_have_no_label(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UserError, match="but some are in no folder"):
        prepared(tmp_path / "run", folder, f"data.folder={folder / 'low'}")


def test_a_start_from_a_model_keeps_its_labels(tmp_path: Path, folder: Path, whole: Path) -> None:
    trained(tmp_path / "run", folder, f"training.init_from={whole}", "training.steps=1")
    with pytest.raises(UserError, match=r"data.labels is \[\], but .* was trained with \['high'"):
        prepared(tmp_path / "other", folder, f"training.init_from={whole}", "data.labels=null")


def test_without_labels(tmp_path: Path, folder: Path) -> None:
    run = tmp_path / "run"
    trained(run, folder, "data.labels=null", "data.balance=false", "training.steps=2")
    assert "label_agreement" not in lines(run, "validation")[0]
    assert bundle.load(run)[0].labels == ()
    assert (run / "samples" / "00000002" / "00.wav").is_file()


def test_labels_in_names(tmp_path: Path, folder: Path) -> None:
    """`60_a.wav` is a 60; a file without a label is left out by name; resuming knows them again."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for label, name in (("high", "72"), ("low", "48")):
        for file in (folder / label).iterdir():
            shutil.copy(file, flat / f"{name}_{file.name}")
    shutil.copy(folder / "low" / "0.wav", flat / "odd.wav")
    run, heard = tmp_path / "run", Notes()
    words = (f"data.folder={flat}", "data.labels=names")
    prepared(run, folder, *words, "training.steps=1", listener=heard).train(Interrupt())
    assert bundle.load(run)[0].labels == ("48", "72")
    assert [n for n in heard.notes if n.startswith("not usable: odd.wav: no label in its name")]
    trained(run, folder, "training.steps=2", resume=True)
    written = yaml.safe_load((run / "recipe.yaml").read_text())["data"]
    assert written["labels"] == ["48", "72"]
    assert written["label_from"] == "names"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("^x(\\d)", "finds no label in the names of 16 files"),
        ("(a", r"data.label_pattern=\(a .*: not a regular expression"),
        ("a", "data.label_pattern=a .*: .*one group"),
        ("(a{99999999999999999999})", "data.label_pattern=.*: not a regular expression"),
        (f"({'a' * 300})", "data.label_pattern=.*: longer than 300"),
    ],
)
def test_a_pattern_without_labels_is_refused(
    tmp_path: Path, folder: Path, pattern: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepared(tmp_path, folder, "data.labels=names", f"data.label_pattern={pattern}")
