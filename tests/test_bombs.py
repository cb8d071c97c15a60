"""Small files that ask for gigabytes are refused in bounded memory, and nothing is written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from wavegan import bounded_network, bounded_text, bundle, tensor_file
from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.recipe import load
from wavegan.training import parts, room

REPO = Path(__file__).resolve().parents[1]
DONE = {
    *("wav of 2^31 bytes", "wav of 512 channels"),
    *("hours of silence, diagnose", "hours of hiss, vocode"),
}
"""What is read all the same: its samples are there."""
SHOWN = {"recipe of width 10^9, status", "recipe of width 10^9, report"}
"""What is shown without being built."""

SCRIPT = """
import json, sys
import bombs
from bomb_files import BOMBS
found = bombs.attempted(BOMBS)
print(json.dumps({name: [o.code, o.peak, o.said] for name, o in found.items()}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_bomb_goes_off(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    place = REPO / "benchmarks" / "faults"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(place), *sys.path])},
    )
    found = json.loads(done.stdout)
    assert len(found) > 40
    for name, (code, peak, said) in found.items():
        assert peak < 1.5 * 2**30, name
        assert code == (0 if name in DONE | SHOWN else 2), f"{name}: {said}"
        if code:
            assert said.count("error: ") == 1, name
            assert "Traceback" not in said, name
    assert not list(tmp_path.iterdir())


def strided(folder: Path) -> Path:
    torch.save({"mel": torch.zeros(1).expand(80, 10**8)}, folder / "a.pt")
    return folder / "a.pt"


def shared(folder: Path) -> Path:
    one = torch.zeros(1 << 22)
    torch.save([one[: (1 << 22) - n] for n in range(40)], folder / "a.pt")
    return folder / "a.pt"


def outside(folder: Path) -> Path:
    torch.save(torch.zeros(3, device="meta"), folder / "a.pt")
    return folder / "a.pt"


@pytest.mark.parametrize("make", [strided, shared, outside])
def test_a_tensor_is_no_larger_than_what_the_file_holds_of_it(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"a\.pt: .*tensor"):
        tensor_file.load(make(tmp_path))


def test_tensors_that_share_their_values_and_views_are_read(tmp_path: Path) -> None:
    one = torch.randn(4, 6)
    torch.save(
        {"a": one, "b": one, "c": one.T, "d": [one[1:]], "e": torch.empty(0)}, tmp_path / "t"
    )
    found = tensor_file.load(tmp_path / "t")
    assert torch.equal(found["c"], one.T)
    assert torch.equal(found["d"][0], one[1:])


def test_what_unpacks_to_a_hundred_times_its_size_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", mel=np.zeros(1 << 25, np.float32))
    with pytest.raises(UserError, match=r"a\.npz: .* unpack to 134,"):
        tensor_file.arrays(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", mel=np.zeros(1 << 20, np.float32))
    assert tensor_file.arrays(tmp_path / "b.npz")["mel"].shape == (1 << 20,)


def test_no_more_of_a_text_is_read_than_its_kind_has(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"x" * 11)
    assert bounded_text.read(tmp_path / "a.json", 11) == "x" * 11
    with pytest.raises(UserError, match=r"a\.json: more than 10 bytes"):
        bounded_text.read(tmp_path / "a.json", 10)
    (tmp_path / "a.json").write_bytes(b"xy\xff")
    with pytest.raises(UserError, match=r"a\.json: .*byte 2"):
        bounded_text.read(tmp_path / "a.json", 10)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"layers": 10**30}, "layers"),
        ({"rates": [4, [1, 10**6]]}, "rates"),
        ({"inner": {"width": -(10**7)}}, r"inner\.width"),
        ({"leaky_slope": float("nan")}, "leaky_slope"),
        ({"mel_mean": [0.0] * 200_000}, "values"),
    ],
)
def test_options_that_no_network_has_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(UserError, match=rf"generator.*{named}"):
        bounded_network.check_options(options, "generator")


def test_a_network_is_refused_before_it_takes_memory() -> None:
    weights = {"a": torch.zeros(100)}
    taken: list[object] = []
    with pytest.raises(UserError, match="MiB"), bounded_network.within(weights):
        taken.extend(torch.nn.Linear(4000, 4000) for _ in range(100))
    assert len(taken) == 2  # 64 MB each, of the 128 that are spare
    with pytest.raises(UserError, match="tensors"), bounded_network.within(weights):
        taken.extend(torch.nn.Linear(1, 1) for _ in range(10**6))


def test_random_weights_are_the_same_inside() -> None:
    torch.manual_seed(0)
    plain = torch.nn.Conv1d(3, 5, 7).weight
    torch.manual_seed(0)
    with bounded_network.within():
        counted = torch.nn.Conv1d(3, 5, 7).weight
    assert torch.equal(plain, counted)


@pytest.mark.parametrize("width", [60_000, 10**9])
def test_a_bundle_larger_than_its_weights_is_refused(
    width: int, save_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    config = json.loads((save_tiny(tmp_path) / "config.json").read_text())
    config["generator"]["upsample_initial_channel"] = width
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "checksums.json").unlink()
    with pytest.raises(UserError, match=r"config\.json: .*(MiB|upsample_initial_channel)"):
        bundle.load(tmp_path)


@pytest.mark.parametrize(
    "word", ["generator.layers=1000000000", "generator.width=60000", "generator.iterations=9999"]
)
def test_a_recipe_of_an_absurd_network_is_refused(word: str) -> None:
    with pytest.raises(UserError, match=r"generator|network"):
        parts.build(load("tiny", [word]))


def test_a_recipe_that_the_user_named_may_fill_the_machine_and_names_what_does_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "BYTES", 1 << 20)
    monkeypatch.setattr(room.Memory, "total", 1 << 21)
    wide = load("tiny", ["generator.width=256", "generator.layers=4"])
    judged = load("tiny", ["discriminators.mpd.name=mpd"])
    assert room.allowed(None, trusted=True) == 1 << 21
    with pytest.raises(UserError, match=r"^generator: .* 2 MiB"):
        room.makers(None, True, None)[1](wide)
    with pytest.raises(UserError, match=r"^generator: .* 1 MiB"):
        room.makers(None, False, None)[1](wide)
    monkeypatch.setattr(room.Memory, "total", 1 << 24)
    room.makers(None, True, None)[1](wide)
    with pytest.raises(UserError, match=r"^discriminators\.mpd: .* 16 MiB"):
        room.makers(None, True, None)[1](judged)


def test_a_run_may_go_on_with_networks_as_large_as_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untrusted run may not ask for more than its files hold."""
    monkeypatch.setattr(room, "BYTES", 1 << 20)
    folder = tmp_path / "checkpoints" / "00000001" / "training"
    folder.mkdir(parents=True)
    (folder.parent / "config.json").touch()
    wide = load("tiny", ["generator.width=256", "generator.layers=4", "discriminators={}"])
    monkeypatch.setattr(bounded_network, "SPARE_BYTES", 0)
    (folder / "generator.safetensors").write_bytes(bytes(1 << 18))
    with pytest.raises(UserError, match=r"^generator: .* 1 MiB"):
        room.makers(tmp_path, False, None)[1](wide)
    (folder / "generator.safetensors").write_bytes(bytes(1 << 23))
    room.makers(tmp_path, False, None)[1](wide)


def test_no_validation_clip_is_hours_long() -> None:
    assert load("tiny", ["data.validation_seconds=60"]).data.validation_seconds == 60
    with pytest.raises(UserError, match=r"data\.validation_seconds.*60"):
        load("tiny", ["data.validation_seconds=3600"])


@pytest.mark.parametrize("rate", [1, 499, 2**31 - 1])
def test_a_rate_that_is_none_of_sound_is_refused(
    rate: int, tmp_path: Path, script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(REPO / "benchmarks" / "faults")
    file = script("faults/bomb_files")._wav(tmp_path / "a.wav", rate=rate, samples=100)
    with pytest.raises(UserError, match=rf"a\.wav: .*{rate} Hz"):
        io.read(file)
    assert io.probe(file).sample_rate == rate


def test_more_than_is_held_at_once_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    io.write(tmp_path / "a.wav", np.zeros((1, 3000), np.float32), 8000)
    monkeypatch.setattr(io, "MOST", 5000)
    assert io.read(tmp_path / "a.wav")[0].shape == (1, 3000)
    with pytest.raises(UserError, match=r"a\.wav: .*minutes"):
        io.read(tmp_path / "a.wav", sample_rate=16000)
    monkeypatch.setattr(io, "MOST", 2000)
    assert io.read(tmp_path / "a.wav", frames=1000, start=2000)[0].shape == (1, 1000)
    with pytest.raises(UserError, match=r"a\.wav: .*minutes"):
        io.read(tmp_path / "a.wav")


def test_security_md_says_what_is_tested() -> None:
    text = (REPO / "SECURITY.md").read_text(encoding="utf-8")
    for name in ("tests/test_trust.py", "tests/test_bombs.py", "benchmarks/faults/bombs.py"):
        assert f"{name}" in text
        assert (REPO / name).is_file()
    tested = (REPO / "tests" / "test_trust.py").read_text(encoding="utf-8")
    for door in ("from_pretrained", "convert", "--resume", "status", "report", "--trust-code"):
        assert door in text, door
        assert door in tested, door
    assert "SECURITY.md" in (REPO / "README.md").read_text(encoding="utf-8")
