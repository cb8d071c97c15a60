"""Every reader of untrusted files answers, or refuses in one line, whatever they contain."""

import random
import re
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from wavegan import atomic, bundle
from wavegan.audio import made_by
from wavegan.data.manifest import Facts
from wavegan.data.scan_cache import ScanCache
from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError
from wavegan.evaluation.held_out import read_held_out
from wavegan.training import state_file
from wavegan.training.heartbeat import Heartbeat

REPO = Path(__file__).resolve().parents[1]
COUNT = 40
"""Inputs for each; `benchmarks/faults/` tries them for minutes."""
DEEP = b"[" * 100_000
COVERED = {
    "tests/test_fuzz.py": ("listening/results", "reports/measure", "data/file_list",
                           "mel/mel_file", "recipe_layers", "typed"),
    "tests/training/test_mutated_files.py": ("bundle_config", "checksums", "progress/lines",
                                             "progress/stored_recipe", "run_folder",
                                             "training/kept_split", "training/owner",
                                             "training/state_file"),
    "tests/training/test_resume.py": ("training/log",),
    "tests/test_every_reader.py": ("bundle_place", "embeddings/_classifier_files",
                                   "data/scan_cache",
                                   "audio/made_by", "training/heartbeat", "evaluation/held_out",
                                   "interop/_files", "interop/_pickles", "interop/_wrapped",
                                   "interop/pwg/front_end"),
}  # fmt: skip
OF_OURS = (
    "bounded_pattern", "cli/_completion", "export/sample", "installation", "json_file",
    "progress/typical",
)  # fmt: skip
"""What reads files of this package alone, is quiet whatever happens, or is the door itself."""


def test_every_reader_has_one() -> None:
    door = re.compile(r"\b(json_file|bounded_text|bounded_yaml|tensor_file)\.\w+\(|json\.loads?\(")
    package = REPO / "wavegan"
    found = {
        file.relative_to(package).with_suffix("").as_posix()
        for file in package.rglob("*.py")
        if door.search(file.read_text(encoding="utf-8").replace("json_file.shown(", ""))
    }
    assert found == {*OF_OURS, *(name for names in COVERED.values() for name in names)}


@pytest.fixture(scope="module")
def foreign(script: Callable[[str], ModuleType]) -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(REPO / "benchmarks" / "faults")
        yield script("faults/foreign")


@pytest.fixture
def survives(foreign: ModuleType) -> Callable[..., None]:
    """Changes a file again and again, and asserts that it is read or refused."""

    def check(file: Path, read: Callable[[], object]) -> None:
        whole, rng = file.read_bytes(), random.Random(5)
        assert foreign.fuzz.answer(read) == "read"
        found = {}
        for number in range(COUNT):
            data = foreign.changed(file.name, whole, rng) if number else DEEP
            file.write_bytes(data)
            found[foreign.fuzz.answer(read)] = data
        file.write_bytes(whole)
        assert found.keys() <= {"read", "refused"}, found

    return check


pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_judge(survives: Callable[..., None], tmp_path: Path) -> None:
    Classifier(8000, ["a", "b"], 300, width=2, dim=6).save(tmp_path)
    (tmp_path / "checksums.json").unlink()
    survives(tmp_path / "config.json", lambda: Classifier.load(tmp_path))
    survives(tmp_path / "model.safetensors", lambda: Classifier.load(tmp_path))
    held_out = tmp_path / "held_out.txt"
    held_out.write_bytes(b"a.wav\nb.wav\n")
    survives(held_out, lambda: read_held_out(tmp_path))
    held_out.unlink()
    held_out.mkdir()
    with pytest.raises(UserError, match=r"held_out\.txt"):
        read_held_out(tmp_path)


def test_an_optimizer(survives: Callable[..., None], tmp_path: Path) -> None:
    network = nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    file = tmp_path / "discriminator_optimizer.pt"
    torch.save(optimizer.state_dict(), file)
    survives(
        file, lambda: state_file.restore_optimizer(optimizer, state_file.load(file), str(file))
    )


def test_a_state_whose_values_name_each_other_without_end(tmp_path: Path) -> None:
    shared: Any = (1, 2)
    for _ in range(60):
        shared = (shared, shared)
    torch.save({"progress": 1, "random": shared, "optimizers": {}}, tmp_path / "state.pt")
    with pytest.raises(UserError, match=r"state\.pt: (progress|random)"):
        state_file.State.read(tmp_path / "state.pt")


def test_a_mel(survives: Callable[..., None], foreign: ModuleType, tmp_path: Path) -> None:
    for suffix in (".pt", ".npy"):
        file = tmp_path / f"a{suffix}"
        file.write_bytes(foreign.fuzz.mel_seeds(suffix[1:])[0])
        survives(file, lambda file=file: foreign.fuzz.read_mel(file))


def test_a_bundle_with_discriminators(
    survives: Callable[..., None], save_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    folder = save_tiny(tmp_path)
    (folder / "checksums.json").unlink()
    (folder / "training").mkdir()
    weights = {"members.mpd.a.bias": torch.ones(2), "members.msd.a.bias": torch.ones(2)}
    atomic.tensors(folder / bundle.DISCRIMINATOR, weights)
    for name in ("config.json", "model.safetensors", bundle.DISCRIMINATOR):
        survives(folder / name, lambda: bundle.read(folder, discriminators=True))
        survives(folder / name, lambda: bundle.load(folder))


def test_what_a_scan_kept(
    survives: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path))
    cache = ScanCache(tmp_path)
    cache.add("a\udcff.wav", Facts(16000, 1, 5, 0.1))
    cache.save({"a\udcff.wav": (3, 4)})

    def recalled() -> None:
        cache = ScanCache(tmp_path)
        for facts in cache.facts.values() if cache.recall("a\udcff.wav", (3, 4)) else ():
            assert isinstance(facts.peak + facts.frames, float)
            assert isinstance(facts.made_by + facts.damage, str)

    recalled()
    survives(next(tmp_path.rglob("*.json")), recalled)


def test_a_beat_of_another_process(survives: Callable[..., None], tmp_path: Path) -> None:
    ours, other = (
        Heartbeat(tmp_path, rank, 2, lambda: (1, "STEP"), end=pytest.fail) for rank in (0, 1)
    )
    other._write()
    file = tmp_path / "processes" / "1.json"

    def heard() -> None:
        ours.look(1.0)
        for beat in ours.others.values():
            assert isinstance(beat.beat["step"], int)

    survives(file, heard)
    assert 1 in ours.others


def test_the_comment_of_an_audio_file(foreign: ModuleType) -> None:
    rng = random.Random(0)
    for number in range(COUNT):
        text = foreign.fuzz.changed_json(b'{"seed": 7, "a": [1, {}]}', rng) if number else DEEP
        said = made_by.facts(made_by.mark("generate", comment=text.decode()))
        assert isinstance(said, dict)


@pytest.mark.parametrize(
    "kind", ["jik876", "istftnet", "bigvgan", "maum-ai", "transformers-univnet"]
)
def test_a_folder_of_another_project(foreign: ModuleType, tmp_path: Path, kind: str) -> None:
    write = foreign.MADE[f"small-{kind}"]
    found = list(islice(foreign.tries(kind, write, tmp_path, 3), COUNT))
    assert found[0] == "read"
    assert set(found) <= {"read", "refused"}


@pytest.mark.parametrize("name", ["pwg-mb-melgan", "pwg-hifigan", "vocos-small", "descript-melgan"])
def test_a_golden_folder(foreign: ModuleType, shared: Path, tmp_path: Path, name: str) -> None:
    write = foreign._copy(shared / "golden" / name)
    found = list(islice(foreign.tries(name, write, tmp_path, 3), COUNT // 2))
    assert found[0] == "read"
    assert set(found) <= {"read", "refused"}


def nested(file: Path) -> None:
    header = b'{"a": ' + DEEP + b"]" * len(DEEP) + b"}"
    file.write_bytes(len(header).to_bytes(8, "little") + header)


def numberless(file: Path) -> None:
    settings: Any = ["a"]
    for _ in range(60):
        settings = [settings, settings]
    names = ("generator.1.bias", "generator.3.bias", "generator.4.shortcuts.0.bias")
    weights = {name: torch.ones(1) for name in names}
    torch.save({"model_g": weights, "hp_str": settings}, file)


def unpacked(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + b"N" * (50 << 20) + b".")


@pytest.mark.parametrize(
    ("write", "name"),
    [(nested, "a.safetensors"), (numberless, "a_1.pt"), (unpacked, "a.pt")],
)
def test_small_weights_that_take_for_ever_are_refused(
    write: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    write(tmp_path / name)
    with pytest.raises(UserError, match=name):
        bundle.read(tmp_path / name)
