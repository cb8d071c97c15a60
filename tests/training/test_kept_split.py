"""A run keeps its training and held-out files, wherever it resumes and whatever is added."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import UserError
from wavegan.interrupt import Interrupt
from wavegan.progress.history import History
from wavegan.progress.verdict import run_verdict
from wavegan.training import setup
from wavegan.training.files import Files

RATE = 22050


class Notes(Silent):
    """Records notes."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path / "cache"))


def record(folder: Path, *names: str, seconds: float = 0.3) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        random = np.random.default_rng(sum(map(ord, name)))
        soundfile.write(folder / f"{name}.wav", 0.3 * random.normal(size=int(RATE * seconds)), RATE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    record(tmp_path / "data", *(f"c{number}" for number in range(8)))
    return tmp_path / "data"


def start(run: Path, small: str, data: Path, *words: str) -> None:
    made = recipe.load(small, [f"data.folder={data}", "training.steps=1", *words])
    setup.prepare(made, run, device="cpu", listener=Silent()).train(Interrupt())


def resume(run: Path, *words: str) -> tuple[set[str], set[str], list[str]]:
    """Training files, held-out files and notes of a resumed run."""
    notes, caught = Notes(), {}

    def remember(found: Files, *_: object) -> None:
        caught["found"] = found
        said(found, notes)

    said = setup.files_report.report_summary
    made = recipe.load(str(run / "recipe.yaml"), ["training.steps=2", *words])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup.files_report, "report_summary", remember)
        setup.prepare(made, run, device="cpu", resume=True, listener=notes)
    split = caught["found"].split
    return (
        {clip.path for clip in split.train},
        {clip.path for clip in split.validation},
        notes.said,
    )


def written(run: Path) -> tuple[list[str], list[str]]:
    content = json.loads((run / "split.json").read_text())
    return content["train"], content["validation"]


def lists(folder: Path, train: str, validation: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "train.txt").write_text("\n".join(train.split()) + "\n")
    (folder / "valid.txt").write_text("\n".join(validation.split()) + "\n")
    return ["data.train=train.txt", "data.validation=valid.txt"]


def test_lists_hold_wherever_a_run_resumes(
    tmp_path: Path, small: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = lists(tmp_path / "a", "c0 c1 c2", "c6 c7")
    lists(tmp_path / "b", "c6 c7", "c0 c1")
    monkeypatch.chdir(tmp_path / "a")
    start(tmp_path / "run", small, data, *words)
    assert written(tmp_path / "run") == (["c0.wav", "c1.wav", "c2.wav"], ["c6.wav", "c7.wav"])
    monkeypatch.chdir(tmp_path / "b")
    train, held, said = resume(tmp_path / "run")
    assert (train, held) == ({"c0.wav", "c1.wav", "c2.wav"}, {"c6.wav", "c7.wav"})
    # neither are the lists needed, nor what was written into them later
    shutil.rmtree(tmp_path / "a")
    assert resume(tmp_path / "run")[:2] == (train, held)
    assert not [line for line in said if "so far" in line or "new, " in line]


def test_a_list_given_again_is_read_and_crossing_files_are_reported(
    tmp_path: Path, small: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start(tmp_path / "run", small, data, *lists(tmp_path, "c0 c1 c2", "c6 c7"))
    words = lists(tmp_path / "b", "c1 c2 c6", "c0 c7")
    monkeypatch.chdir(tmp_path / "b")
    train, held, said = resume(tmp_path / "run", *words)
    assert (train, held) == ({"c1.wav", "c2.wav", "c6.wav"}, {"c0.wav", "c7.wav"})
    (heard,) = (line for line in said if "trained on so far" in line)
    (unheard,) = (line for line in said if "held out so far" in line)
    assert "c0.wav" in heard
    assert "c1.wav" not in heard
    assert "c6.wav" in unheard
    # from now on this is the division
    assert resume(tmp_path / "run")[:2] == (train, held)


@pytest.mark.parametrize(
    "word", ["data.validation=0", "data.validation=4", "training.validation_clips=1"]
)
def test_a_best_checkpoint_by_other_clips_is_the_best_no_longer(
    tmp_path: Path, small: str, data: Path, word: str
) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    assert bundle.best_step(run) == 1
    assert not [line for line in resume(run)[2] if "no longer" in line]
    assert bundle.best_step(run) == 1
    said = resume(run, word)[2]
    assert [line for line in said if "step 1 is no longer the best" in line]
    assert bundle.best_step(run) is None
    # what was left before the next checkpoint, which would remember it, is not forgotten
    notes = Notes()
    made = recipe.load(str(run / "recipe.yaml"), ["training.steps=2"])
    trainer = setup.prepare(made, run, device="cpu", resume=True, listener=notes)
    assert trainer.train_state.progress.best_step is None
    trainer.train(Interrupt())
    measured = word != "data.validation=0"
    assert bundle.best_step(run) == (2 if measured else None)
    assert bundle.locate(run).name == "00000002"
    history = History.read(run)
    assert run_verdict(history).best_step == (2 if measured else None)
    assert history.unmeasured is not measured


@pytest.mark.parametrize("validation", ["2", "0.3"])
def test_new_files_train_and_none_changes_sides(
    tmp_path: Path, small: str, data: Path, validation: str
) -> None:
    start(tmp_path / "run", small, data, f"data.validation={validation}")
    before = written(tmp_path / "run")
    record(data, *(f"new{number}" for number in range(30)))
    train, held, said = resume(tmp_path / "run")
    assert held == set(before[1])
    assert train - set(before[0]) == {f"new{number}.wav" for number in range(30)}
    (line,) = (line for line in said if "new, " in line)
    assert "30 files" in line
    assert "used for training" in line


def test_with_a_list_new_files_are_left_out(
    tmp_path: Path, small: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = lists(tmp_path, "c0 c1 c2 c3 c4 c5", "c6 c7")
    start(tmp_path / "run", small, data, *words)
    record(data, "new")
    train, _, said = resume(tmp_path / "run")
    assert train == {f"c{number}.wav" for number in range(6)}
    (line,) = (line for line in said if "new, " in line)
    assert "1 file (new.wav)" in line
    assert "left out" in line


def test_a_held_out_file_that_was_gone_and_is_back_is_still_held_out(
    tmp_path: Path, small: str, data: Path
) -> None:
    start(tmp_path / "run", small, data)
    before = written(tmp_path / "run")
    gone = before[1][0]
    (data / gone).rename(tmp_path / gone)
    _, held, said = resume(tmp_path / "run")
    assert held == set(before[1][1:])
    (line,) = (line for line in said if "missing" in line)
    assert gone in line
    assert "held out so far" in line
    (tmp_path / gone).rename(data / gone)
    train, held, said = resume(tmp_path / "run")
    assert (train, held) == tuple(map(set, before))
    assert not [line for line in said if "missing" in line or "new, " in line]


def test_a_folder_that_moved_is_named_and_the_run_resumes(
    tmp_path: Path, small: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(tmp_path / "run", small, data)
    before = written(tmp_path / "run")
    data.rename(tmp_path / "moved")
    with pytest.raises(UserError, match=rf"{data} of .*/run: .*data\.folder="):
        resume(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    train, held, said = resume(tmp_path / "run", "data.folder=moved")
    assert (train, held) == tuple(map(set, before))
    assert [line for line in said if "data.folder was" in line and "moved" in line]
    stored = recipe.load(str(tmp_path / "run" / "recipe.yaml"))
    assert stored.data.folder == tmp_path / "moved"


def test_a_folder_without_the_run_s_files_is_refused(
    tmp_path: Path, small: str, data: Path
) -> None:
    start(tmp_path / "run", small, data)
    record(tmp_path / "others", "x", "y", "z")
    with pytest.raises(UserError, match=r"none of the files that this run trains on .*c\d\.wav"):
        resume(tmp_path / "run", f"data.folder={tmp_path / 'others'}")


def test_from_a_folder_above_files_are_known_by_their_audio(
    tmp_path: Path, small: str, data: Path
) -> None:
    """All names differ there, and held-out files would be used for training."""
    start(tmp_path / "run", small, data)
    train, held = written(tmp_path / "run")
    found = resume(tmp_path / "run", f"data.folder={data.parent}")
    assert found[:2] == tuple({f"data/{name}" for name in names} for names in (train, held))


def test_an_old_run_resumes_with_its_old_rule_and_a_note(
    tmp_path: Path, small: str, data: Path
) -> None:
    """In older versions each file was drawn by its own hash."""
    start(tmp_path / "run", small, data, "data.validation=0.3")
    (tmp_path / "run" / "split.json").unlink()
    train, held, said = resume(tmp_path / "run")
    # by sha256sum, of the eight names these begin below 4c.cc, 0.3 of all: 0f, 38, 3c
    assert held == {"c0.wav", "c1.wav", "c5.wav"}
    assert train | held == {f"c{number}.wav" for number in range(8)}
    assert len([line for line in said if "split.json" in line]) == 1
    assert written(tmp_path / "run") == (sorted(train), sorted(held))


def test_a_damaged_division_is_named(tmp_path: Path, small: str, data: Path) -> None:
    start(tmp_path / "run", small, data)
    for content in ("{", "[]", '{"train": ["a.wav"]}', '{"train": [[1, 2, 3]], "validation": []}'):
        (tmp_path / "run" / "split.json").write_text(content)
        with pytest.raises(UserError, match=r"split\.json: damaged"):
            resume(tmp_path / "run")


def test_a_stretch_of_the_only_recording_stays_held_out(tmp_path: Path, small: str) -> None:
    record(tmp_path / "data", "song", seconds=6)
    start(tmp_path / "run", small, tmp_path / "data", "data.validation=0.3")
    before = written(tmp_path / "run")
    (held,) = before[1]
    assert held[0] == "song.wav"
    assert held[2] == pytest.approx(0.3 * 6 * RATE, abs=2)
    record(tmp_path / "data", "another", seconds=6)
    train, held_out, _ = resume(tmp_path / "run")
    assert (train, held_out) == ({"song.wav", "another.wav"}, {"song.wav"})
    assert written(tmp_path / "run")[1] == before[1]
    assert written(tmp_path / "run")[0] == ["another.wav", *before[0]]


def test_a_run_without_held_out_files_resumes_without_them(
    tmp_path: Path, small: str, data: Path
) -> None:
    start(tmp_path / "run", small, data, "data.validation=0")
    train, held, _ = resume(tmp_path / "run")
    assert held == set()
    assert len(train) == 8


def test_a_held_out_file_under_another_name_is_still_held_out(
    tmp_path: Path, small: str, data: Path
) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    train, (held, *others) = written(run)
    assert others
    (data / "sub").mkdir()
    (data / held).rename(data / "sub" / "renamed.wav")
    (data / train[0]).rename(data / "other.wav")
    now_trained, now_held, said = resume(run)
    assert now_held == {"sub/renamed.wav", *others}
    assert now_trained == {"other.wav", *train[1:]}
    (line,) = (line for line in said if "renamed.wav" in line)
    assert held in line
    assert not [line for line in said if "missing" in line or "new, " in line]
    # the same clips are measured, so what was measured holds
    assert bundle.best_step(run) == 1
    assert written(run)[1] == sorted(["sub/renamed.wav", *others])
    assert resume(run)[:2] == (now_trained, now_held)


def test_a_copy_of_a_held_out_file_does_not_train(tmp_path: Path, small: str, data: Path) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    train, held = written(run)
    shutil.copy(data / held[0], data / "copy.wav")
    shutil.copy(data / train[0], data / "twin.wav")
    now_trained, now_held, said = resume(run)
    assert now_held == set(held)
    assert now_trained == {"twin.wav", *train}
    (line,) = (line for line in said if "copy.wav" in line)
    assert "left out" in line
    assert resume(run)[:2] == (now_trained, now_held)


def test_files_that_change_names_keep_their_sides(tmp_path: Path, small: str, data: Path) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    train, held = written(run)
    (data / held[0]).rename(tmp_path / "spare.wav")
    (data / train[0]).rename(data / held[0])
    (tmp_path / "spare.wav").rename(data / train[0])
    now_trained, now_held, said = resume(run)
    assert now_held == {train[0], *held[1:]}
    assert now_trained == {held[0], *train[1:]}
    assert [line for line in said if train[0] in line and held[0] in line]


def test_a_file_that_takes_a_held_out_name_while_that_one_moves(
    tmp_path: Path, small: str, data: Path
) -> None:
    """Its audio is new; the old audio is held out under its new name."""
    run = tmp_path / "run"
    start(run, small, data)
    train, held = written(run)
    (data / held[0]).rename(data / "moved.wav")
    record(data, "another")
    (data / "another.wav").rename(data / held[0])
    now_trained, now_held, _ = resume(run)
    assert now_held == {"moved.wav", *held[1:]}
    assert now_trained == {held[0], *train}


def test_a_recording_with_a_stretch_held_out_may_be_renamed(tmp_path: Path, small: str) -> None:
    run, data = tmp_path / "run", tmp_path / "data"
    record(data, "song", seconds=6)
    start(run, small, data, "data.validation=0.3")
    train, (held,) = written(run)
    (data / "song.wav").rename(data / "title.wav")
    record(data, "another", seconds=6)
    assert resume(run)[:2] == ({"title.wav", "another.wav"}, {"title.wav"})
    assert written(run)[1] == [["title.wav", *held[1:]]]
    assert written(run)[0] == ["another.wav", *(["title.wav", *part[1:]] for part in train)]


def test_without_checksums_names_are_all_there_is(tmp_path: Path, small: str, data: Path) -> None:
    """Runs from before checksums are read, and have checksums from then on."""
    run = tmp_path / "run"
    start(run, small, data)
    content = json.loads((run / "split.json").read_text())
    held = content["validation"]
    of_before = {key: content[key] for key in ("train", "validation", "left_out")}
    (run / "split.json").write_text(json.dumps(of_before))
    assert resume(run)[1] == set(held)
    assert bundle.best_step(run) == 1
    (data / held[0]).rename(data / "renamed.wav")
    assert resume(run)[1] == {"renamed.wav", *held[1:]}
    (run / "split.json").write_text(json.dumps(of_before))
    assert resume(run)[1] == set(held[1:])
    assert bundle.best_step(run) is None


def test_the_search_for_the_best_restarts_if_held_out_files_change(
    tmp_path: Path, small: str, data: Path
) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    (gone, *_) = written(run)[1]
    for away in (True, False):
        here, there = data / gone, tmp_path / gone
        (here if away else there).rename(there if away else here)
        done = 2 if away else 3
        made = recipe.load(str(run / "recipe.yaml"), [f"training.steps={done}"])
        notes = Notes()
        trainer = setup.prepare(made, run, device="cpu", resume=True, listener=notes)
        assert trainer.train_state.progress.best_step is None
        (line,) = (line for line in notes.said if "no longer" in line)
        assert f"step {done - 1} is no longer the best" in line
        trainer.train(Interrupt())
        assert bundle.best_step(run) == done
        history = History.read(run)
        assert [line["step"] for line in history.measured] == [done]
        assert run_verdict(history).best_step == done


def test_other_audio_under_a_held_out_name_is_another_measure(
    tmp_path: Path, small: str, data: Path
) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    (held, *_) = written(run)[1]
    record(tmp_path / "new", "x")
    shutil.copy(tmp_path / "new" / "x.wav", data / held)
    assert [line for line in resume(run)[2] if "no longer" in line]
    assert bundle.best_step(run) is None


def test_a_held_out_file_that_is_not_measured_may_go(
    tmp_path: Path, small: str, data: Path
) -> None:
    run = tmp_path / "run"
    start(run, small, data, "training.validation_clips=1", "data.validation=2")
    (data / written(run)[1][1]).unlink()
    assert not [line for line in resume(run)[2] if "no longer" in line]
    assert bundle.best_step(run) == 1


def test_more_clips_than_there_are_change_nothing(tmp_path: Path, small: str, data: Path) -> None:
    run = tmp_path / "run"
    start(run, small, data, "training.validation_clips=5", "data.validation=2")
    assert not [line for line in resume(run, "training.validation_clips=9")[2] if "longer" in line]
    assert bundle.best_step(run) == 1


def test_a_run_that_has_ended_forgets_nothing_that_it_has_to_say_later(
    tmp_path: Path, small: str, data: Path
) -> None:
    run = tmp_path / "run"
    start(run, small, data)
    (data / written(run)[1][0]).unlink()
    ended = recipe.load(str(run / "recipe.yaml"))
    setup.prepare(ended, run, device="cpu", resume=True, listener=Silent()).train(Interrupt())
    on = recipe.load(str(run / "recipe.yaml"), ["training.steps=2"])
    setup.prepare(on, run, device="cpu", resume=True, listener=Silent()).train(Interrupt())
    assert [line["step"] for line in History.read(run).measured] == [2]
