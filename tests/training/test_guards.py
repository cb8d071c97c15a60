"""Values that are not finite are skipped, found, and never saved; a stuck run goes back."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from wavegan import bundle, recipe
from wavegan.audio import io
from wavegan.cli.console import Silent
from wavegan.errors import RunError, UserError
from wavegan.interrupt import Interrupt
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.progress.history import History
from wavegan.progress.verdict import run_verdict
from wavegan.training import files, guard, recovery, setup
from wavegan.training.adaptive import Adaptive
from wavegan.training.log import Window
from wavegan.training.step import LearningNetwork
from wavegan.training.trainer import Trainer

RATE, BAD = 22050, "bad"
PLUGIN = '''
    """Losses that break for clips with a positive mean, which no recording has."""

    import torch

    from wavegan.losses.base import Loss


    class Breaks(Loss):
        """Not finite for a batch with such a clip, of a kind."""

        def __init__(self, kind: str = "nan") -> None:
            super().__init__()
            self.kind = kind

        def forward(self, estimate, reference):
            loss = (estimate - reference).abs().mean()
            if not bool((reference.mean(-1) > 0.2).any()):
                return loss
            if self.kind == "gradient":  # the value stays finite, its slope is infinity times 0
                return loss + (estimate * 0).sqrt().sum()
            return loss * float(self.kind)
'''


@pytest.fixture
def breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The override that adds a loss which breaks in a way."""
    name = f"breaks_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(dedent(PLUGIN))
    monkeypatch.syspath_prepend(tmp_path)
    return lambda kind: f"losses.own={{name: '{name}:Breaks', kind: '{kind}'}}"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight clips, each a slot or two long, one of them with a positive mean."""
    folder, random = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    for number in range(8):
        wave = 0.3 * random.standard_normal((1, 3000)).clip(-3, 3).astype(np.float32)
        name = f"{BAD}.wav" if number == 5 else f"good{number}.wav"
        io.write(folder / name, wave / 4 + 0.6 if number == 5 else wave, RATE)
    return folder


class Notes(Silent):
    """Records notes; does something after a step."""

    def __init__(self, after: dict[int, Callable[[], None]] | None = None) -> None:
        self.said: list[str] = []
        self.after = after or {}

    def note(self, text: str) -> None:
        self.said.append(text)

    def train(self, step: int, values: Any, speed: Any) -> None:
        self.after.pop(step, lambda: None)()


def made(
    small: str, clips: Path, run: Path, *words: str, resume: bool = False, notes: Any = None
) -> Trainer:
    held = "data.validation=0"
    wanted = (
        recipe.load(str(run / "recipe.yaml"), words)
        if resume
        else recipe.load(small, [f"data.folder={clips}", held, "training.steps=12", *words])
    )
    return setup.prepare(
        wanted, run, device="cpu", resume=resume, trust_code=True, listener=notes or Silent()
    )


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    text = (run / "metrics.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, text) if line["kind"] == kind]


def weights(run: Path, step: int) -> dict[str, bytes]:
    folder = run / "checkpoints" / f"{step:08d}"
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*.safetensors")}


def all_finite(run: Path) -> bool:
    """Whether every tensor of every checkpoint is finite."""

    def finite(value: Any) -> bool:
        if isinstance(value, torch.Tensor):
            return not value.is_floating_point() or bool(value.isfinite().all())
        parts = value.values() if isinstance(value, dict) else value
        return all(map(finite, parts)) if isinstance(value, dict | list | tuple) else True

    states = (torch.load(f, weights_only=True) for f in run.rglob("*.pt"))
    files = (bundle.read_weights(f) for f in run.rglob("*.safetensors"))
    return all(map(finite, states)) and all(map(finite, files))


@pytest.mark.parametrize("kind", ["nan", "inf", "gradient"])
def test_a_step_that_is_not_finite_is_left_out_and_its_clip_is_found(
    small: str, clips: Path, tmp_path: Path, breaks: Callable[[str], str], kind: str
) -> None:
    run, notes = tmp_path / "run", Notes()
    made(small, clips, run, breaks(kind), notes=notes).train(Interrupt())
    skips = lines(run, "skip")
    assert 1 <= len(skips) < 12
    for number, skip in enumerate(skips, 1):
        assert (skip["networks"], skip["guilty"]) == (["generator"], [f"{BAD}.wav"])
        assert skip["terms"][0] == (
            "generator/grad_norm" if kind == "gradient" else "generator/own"
        )
        assert skip["total"] == number
        batch = json.loads((run / skip["file"]).read_text())["clips"]
        assert [clip["number"] // 4 for clip in batch] == [skip["step"] - 1] * 4
        (bad,) = {clip["path"] for clip in batch if clip["path"].startswith(BAD)}
        assert all(0 <= clip["start"] <= 3000 - 2048 for clip in batch), bad
    reported = [note for note in notes.said if "is skipped (" in note and f"{BAD}.wav" in note]
    assert len(reported) == len(skips)
    known = {line["step"]: line for line in lines(run, "train")}
    for step in range(1, 13):
        out = step in [skip["step"] for skip in skips]
        assert (known[step]["generator/own"] is None) == out
        assert known[step]["discriminator/total"] is not None
    assert list(bundle.checkpoints(run)) == [12]
    assert all_finite(run)


def test_a_window_is_the_mean_of_the_steps_that_were_not_left_out(
    small: str, clips: Path, tmp_path: Path, breaks: Callable[[str], str]
) -> None:
    each, windows = tmp_path / "each", tmp_path / "windows"
    made(small, clips, each, breaks("nan")).train(Interrupt())
    made(small, clips, windows, breaks("nan"), "training.log_every=12").train(Interrupt())
    assert lines(each, "skip") == lines(windows, "skip")
    known = [line["generator/own"] for line in lines(each, "train")]
    useful = [value for value in known if value is not None]
    (mean,) = lines(windows, "train")
    assert mean["generator/own"] == pytest.approx(np.mean(useful), rel=1e-5)


def test_a_run_with_skips_resumes_bit_for_bit(
    small: str, clips: Path, tmp_path: Path, breaks: Callable[[str], str]
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    made(small, clips, whole, breaks("nan")).train(Interrupt())
    first = lines(whole, "skip")[0]["step"]
    interrupt = Interrupt()

    def stop() -> None:
        interrupt.signal = 2

    notes = Notes({first: stop})
    made(small, clips, parts, breaks("nan"), notes=notes).train(interrupt)
    assert list(bundle.checkpoints(parts)) == [first + 1]
    made(small, clips, parts, resume=True).train(Interrupt())
    assert weights(parts, 12) == weights(whole, 12)
    for kind in ("skip", "train"):
        ours, theirs = (
            [{k: v for k, v in line.items() if not k.startswith("speed/")} for line in found]
            for found in (lines(parts, kind), lines(whole, kind))
        )
        assert ours == theirs


def test_a_weight_that_is_not_finite_is_not_saved_and_the_run_goes_back(
    small: str, clips: Path, tmp_path: Path
) -> None:
    """The checkpoint repairs a weight that broke once; the rates are halved from there on."""
    run = tmp_path / "run"
    notes = Notes()
    trainer = made(small, clips, run, "training.checkpoint_every=4", notes=notes)

    def spoil() -> None:
        next(trainer.train_state.networks["generator"].parameters()).data[0] = torch.nan

    notes.after[8] = spoil  # what is logged of step 8 comes before its checkpoint is written
    trainer.train(Interrupt())
    assert list(bundle.checkpoints(run)) == [4, 8, 12]
    assert all_finite(run)
    (back,) = lines(run, "return")
    assert (back["step"], back["from"], back["number"], back["rate"]) == (4, 8, 1, 0.5)
    rates = {line["step"]: line["rate/generator"] for line in lines(run, "train")}
    assert len(rates) == len(lines(run, "train")) == 12
    assert rates[5] / rates[4] == pytest.approx(0.5, rel=1e-3)
    assert any("00000004" in note and "x 0.5" in note for note in notes.said)
    state = torch.load(run / "checkpoints/00000012/training/state.pt", weights_only=True)
    assert (state["progress"]["returns"], state["progress"]["rate"]) == (1, 0.5)
    reported = run_verdict(History.read(run))
    assert reported.returns == 1
    assert "x 0.5" in reported.text


@pytest.mark.parametrize(
    ("word", "rate"),
    [
        ("training.keep_last=2", 0.25),
        ("training.optimizer.lr=2e-4", 0.25),  # as it was
        ("training.optimizer.lr=1e-4", 1.0),
        ("training.optimizer.discriminator_lr=1e-4", 1.0),
    ],
)
def test_a_new_rate_is_not_lowered_by_earlier_returns(
    word: str, rate: float, small: str, clips: Path, tmp_path: Path
) -> None:
    run, notes = tmp_path / "run", Notes()
    first = made(small, clips, run, "training.steps=1", "training.optimizer.lr=2e-4")
    first.train_state.progress.rate, first.train_state.progress.returns = 0.25, 2
    first.train(Interrupt())
    words = (word, "training.steps=2")
    second = made(small, clips, run, *words, resume=True, notes=notes)
    progress = second.train_state.progress
    assert (progress.rate, progress.returns) == (rate, 2)
    assert any("x 0.25" in note for note in notes.said) == (rate == 1)
    second.train(Interrupt())
    base = second.recipe.training.optimizer.lr
    (last,) = [line for line in lines(run, "train") if line["step"] == 2]
    assert last["rate/generator"] == pytest.approx(base * rate, rel=1e-3)
    assert lines(run, "start")[-1]["rate"] == rate


def test_steps_left_out_in_a_row_end_in_returns_and_then_in_a_diagnosis(
    small: str, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 3)
    run, notes = tmp_path / "run", Notes()
    trainer = made(small, clips, run, "training.checkpoint_every=2", notes=notes)
    heal = trainer.step.generator.update

    def broken(loss: torch.Tensor) -> torch.Tensor:
        late = trainer.train_state.progress.step >= 3
        return heal(loss * torch.nan if late else loss)

    monkeypatch.setattr(trainer.step.generator, "update", broken)
    with pytest.raises(RunError) as failure:
        trainer.train(Interrupt())
    message = str(failure.value)
    # step 4 is the first, its checkpoint keeps the weights of step 3; 5, 6 and 7 end each try
    assert "generator/grad_norm is not finite at step 7, 3 times in a row" in message
    assert str(run / "checkpoints" / "00000004") in message
    assert "training.optimizer.lr" in message
    assert f"{recovery.TIMES} times" in message
    assert len(lines(run, "return")) == recovery.TIMES
    assert [line["rate"] for line in lines(run, "return")] == [0.5, 0.25, 0.125]
    assert all_finite(run)


def test_a_rate_far_too_high_leaves_checkpoints_that_train_on(
    small: str, clips: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    made(small, clips, run, "training.steps=2").train(Interrupt())
    words = ("training.steps=12", "training.checkpoint_every=1", "training.optimizer.lr=1e6")
    with pytest.raises(RunError, match=r"training\.optimizer\.lr") as failure:
        made(small, clips, run, *words, resume=True).train(Interrupt())
    kept = bundle.checkpoints(run)
    assert str(kept[max(kept)]) in str(failure.value)
    assert all_finite(run)
    made(small, clips, run, "training.optimizer.lr=2e-4", "training.steps=4", resume=True).train(
        Interrupt()
    )
    assert 4 in bundle.checkpoints(run)
    assert all(line["generator/total"] for line in lines(run, "train") if line["step"] > 2)


def test_before_anything_is_saved_the_message_says_so(
    small: str, clips: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = ("training.optimizer.lr=1e30", "training.clip_generator=null")
    with pytest.raises(RunError, match=r"is not finite at step \d+.*\(none was saved yet\)"):
        made(small, clips, run, *words).train(Interrupt())
    assert not bundle.checkpoints(run)


def test_a_signal_saves_nothing_that_is_not_finite(small: str, clips: Path, tmp_path: Path) -> None:
    interrupt, notes = Interrupt(), Notes()
    trainer = made(small, clips, tmp_path / "run", notes=notes)

    def spoil() -> None:
        for value in trainer.train_state.networks["discriminator"].parameters():
            value.data.fill_(torch.inf)
        interrupt.signal = 15

    notes.after[3] = spoil
    trainer.train(interrupt)
    assert not bundle.checkpoints(tmp_path / "run")
    assert any("not saved" in note and "discriminator" in note for note in notes.said)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_neither_weights_nor_moments_take_in_a_bad_gradient(fused: bool, bad: float) -> None:
    net = nn.Linear(3, 2)
    learner = LearningNetwork(net, torch.optim.AdamW(net.parameters(), fused=fused), clip=1.0)
    assert learner.update(net(torch.ones(3)).sum()).isfinite()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    moments = [{k: v.clone() for k, v in s.items()} for s in learner.optimizer.state.values()]
    assert learner.update(net(torch.ones(3)).sum() * bad).isnan()
    constant = net(torch.ones(3)).sum() + torch.tensor(bad)  # the gradient itself is finite
    assert learner.update(constant).isnan()
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    for now, then in zip(learner.optimizer.state.values(), moments, strict=True):
        assert all(torch.equal(now[key], then[key]) for key in then)
    assert learner.update(net(torch.ones(3)).sum()).isfinite()
    assert not torch.equal(net.weight, before["weight"])


class OnDevice(torch.optim.Optimizer):
    """Like a fused optimizer on a GPU: always stepped, it reads the flag itself."""

    _step_supports_amp_scaling = True

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, {"lr": 0.1})
        self.flags: list[torch.Tensor] = []

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        self.flags.append(self.found_inf)
        for value in self.param_groups[0]["params"] if not self.found_inf else ():
            value.data -= 0.1 * value.grad


def test_a_fused_optimizer_gets_a_flag_without_synchronization(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The flag is a float on the gradient's device, new for each step; nothing waits for it."""
    net = nn.Linear(3, 2)
    optimizer = OnDevice(net.parameters())
    learner = LearningNetwork(net, optimizer, clip=1.0)
    with monkeypatch.context() as patch:
        for name in ("__bool__", "item", "__float__", "tolist"):
            patch.setattr(torch.Tensor, name, lambda *_: pytest.fail("a device is waited for"))
        patch.setattr(OnDevice, "step", lambda self: self.flags.append(self.found_inf))
        for factor in (1.0, torch.nan, 1.0):
            learner.update(net(torch.ones(3)).sum() * factor)
    assert [(flag.dtype, flag.shape) for flag in optimizer.flags] == [(torch.float32, ())] * 3
    assert [float(flag) for flag in optimizer.flags] == [0.0, 1.0, 0.0]
    before = net.weight.clone()
    learner.update(net(torch.ones(3)).sum() * torch.inf)
    assert torch.equal(net.weight, before)
    learner.update(net(torch.ones(3)).sum())
    assert not torch.equal(net.weight, before)


def test_the_mean_of_a_window_is_of_each_player_alone() -> None:
    class One:
        @staticmethod
        def reduce(values: torch.Tensor, reduction: str) -> torch.Tensor:
            return values

    window, nan = Window(), torch.tensor(torch.nan)
    for g, d in ((1.0, 2.0), (torch.nan, 4.0), (3.0, torch.nan)):
        logs = {"generator/a": torch.tensor(g), "generator/grad_norm": torch.tensor(g)}
        logs |= {"discriminator/b": torch.tensor(d), "discriminator/grad_norm": torch.tensor(d)}
        window.add(logs)
    found = window.mean(One())  # type: ignore[arg-type]
    assert (found["generator/a"], found["discriminator/b"]) == (2.0, 3.0)
    window.add({"generator/a": nan, "generator/grad_norm": nan})
    assert np.isnan(window.mean(One())["generator/a"])  # type: ignore[arg-type]


def test_a_sign_of_a_turn_that_was_left_out_does_not_stay() -> None:
    adaptive = Adaptive(4, adjustment_clips=16, every=4)
    adaptive.observe(torch.tensor(torch.nan))
    assert adaptive.state().signs == 0
    for _ in range(3):
        adaptive.observe(torch.tensor(1.0))
    assert adaptive.p > 0


def test_other_audio_under_the_same_names_is_noticed(
    small: str, clips: Path, tmp_path: Path
) -> None:
    """Of the same length and peak, so only the samples differ."""
    folder, run = tmp_path / "clips", tmp_path / "run"
    folder.mkdir()
    for file in clips.glob("*.wav"):
        (folder / file.name).write_bytes(file.read_bytes())
    made(small, folder, run, "training.steps=1").train(Interrupt())
    wave, _ = io.read(folder / "good2.wav")
    io.write(folder / "good2.wav", np.ascontiguousarray(wave[:, ::-1]), RATE)
    notes = Notes()
    made(small, folder, run, "training.steps=2", resume=True, notes=notes).train(Interrupt())
    (said,) = [note for note in notes.said if "good2.wav" in note]
    assert "audio under this name" in said
    notes = Notes()
    made(small, folder, run, "training.steps=3", resume=True, notes=notes)
    assert not any("audio under this name" in note for note in notes.said)


def test_a_clip_that_grew_a_billion_times_since_the_scan_is_replaced_by_another(
    small: str, clips: Path, tmp_path: Path
) -> None:
    folder, run = tmp_path / "clips", tmp_path / "run"
    folder.mkdir()
    for file in clips.glob("*.wav"):
        (folder / file.name).write_bytes(file.read_bytes())
    trainer = made(small, folder, run)
    huge = np.full(3000, 1e30, np.float32)
    soundfile.write(folder / "good2.wav", huge, RATE, subtype="FLOAT")
    with pytest.warns(RuntimeWarning, match=r"good2\.wav was replaced.*changed"):
        trainer.train(Interrupt())
    assert not lines(run, "skip")


def test_a_held_out_file_that_broke_since_the_scan_is_left_out(
    small: str, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for file in clips.glob("*.wav"):
        (folder / file.name).write_bytes(file.read_bytes())
    wanted = recipe.load(small, [f"data.folder={folder}", "data.validation=2"])
    found = files.find(wanted)
    first, second = (clip.path for clip in found.split.validation)
    (folder / first).write_bytes(b"RIFF")
    with pytest.warns(RuntimeWarning, match=f"{first} is left out of validation"):
        held = files.held_out(wanted, found)
    assert [clip.name for clip in held] == [Path(second).stem]
    (folder / second).write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"none of the 2 validation files .*wav"):
        files.held_out(wanted, found)


@pytest.mark.parametrize("scale", [1e10, 1e30, -1e30])
def test_a_mel_that_no_front_end_makes_is_refused_by_name(
    small: str, clips: Path, tmp_path: Path, scale: float
) -> None:
    mels = tmp_path / "mels"
    mels.mkdir()
    wanted = recipe.load(small, [f"data.folder={clips}", f"data.mels={mels}"])
    front_end = MelSpectrogram(wanted.front_end())
    for file in clips.glob("*.wav"):
        wave, _ = io.read(file)
        mel = front_end(torch.from_numpy(wave))[0].numpy()
        np.save(mels / f"{file.stem}.npy", mel * scale if file.stem == "good2" else mel)
    found = files.find(wanted)
    (bad,) = found.manifest.rejected
    assert bad.path == "good2.wav"
    assert "good2.npy has values up to" in bad.reason
