"""Every change of a listed file is detected; a folder without a list is no error."""

import json
import os
import random
import time
from concurrent import futures
from pathlib import Path

import pytest

from wavegan import checksums
from wavegan.checksums import NAME, DamageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "training").mkdir()
    (tmp_path / "model.safetensors").write_bytes(random.Random(0).randbytes(5000))
    (tmp_path / "training" / "state.pt").write_bytes(random.Random(1).randbytes(3000))
    (tmp_path / "config.json").write_text("{}")
    checksums.write(tmp_path)
    return tmp_path


def test_the_known_checksum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123456789")
    assert checksums.crc32(tmp_path / "a") == "cbf43926"  # the check value of CRC-32/ISO-HDLC


def test_untouched_files_pass(folder: Path) -> None:
    assert checksums.check(folder)
    assert set(json.loads((folder / NAME).read_text())["files"]) == {
        "model.safetensors",
        "training/state.pt",
        "config.json",
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_is_found_and_the_file_named(seed: int, folder: Path) -> None:
    draw = random.Random(seed)
    name = draw.choice(["model.safetensors", "training/state.pt", "config.json"])
    content = bytearray((folder / name).read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    (folder / name).write_bytes(content)
    with pytest.raises(DamageError, match=name):
        checksums.check(folder)
    with pytest.raises(DamageError, match=name):
        checksums.check(folder, [name])
    others = {"model.safetensors", "training/state.pt", "config.json"} - {name}
    assert checksums.check(folder, others)


def test_cut_and_missing_files_are_found(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(DamageError, match=r"model\.safetensors: .*0 bytes.*5,000"):
        checksums.check(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(DamageError, match=r"model\.safetensors: .*missing"):
        checksums.check(folder)


def test_no_list_is_no_error_and_a_damaged_one_is(folder: Path) -> None:
    for text in ("", "[]", "{}", '{"files": [1]}', '{"files": {"a": {"bytes": "x"}}}', "\x00"):
        (folder / NAME).write_text(text)
        with pytest.raises(DamageError, match=NAME):
            checksums.check(folder)
    (folder / NAME).unlink()
    assert not checksums.check(folder)


def test_a_file_that_came_later_is_passed_over(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    assert checksums.check(folder)
    assert checksums.check(folder, ["notes.txt"])


def listed(folder: Path, size: int) -> Path:
    file = folder / "model.safetensors"
    file.write_bytes(random.Random(0).randbytes(size))
    checksums.write(folder)
    return file


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("size", [100, 3 * checksums.AT_ONCE])
def test_damage_goes_before_what_may_have_come_of_it(size: int, tmp_path: Path) -> None:
    file = listed(tmp_path, size)
    with checksums.meanwhile(tmp_path, [file.name, "other"]):
        pass
    with pytest.raises(KeyError), checksums.meanwhile(tmp_path, [file.name]):
        raise KeyError
    flip(file)
    with pytest.raises(DamageError, match=file.name), checksums.meanwhile(tmp_path, [file.name]):
        pass
    with pytest.raises(DamageError, match=file.name), checksums.meanwhile(tmp_path, [file.name]):
        raise KeyError
    with checksums.meanwhile(tmp_path, ["other"]):
        pass


def test_a_thread_that_never_starts_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy:
        def __init__(self, *_: object, **__: object) -> None: ...

        def submit(self, _: object) -> futures.Future[None]:
            return futures.Future()

        def shutdown(self, *, wait: bool) -> None:
            assert not wait

    monkeypatch.setattr(futures, "ThreadPoolExecutor", Busy)
    file = listed(tmp_path, 3 * checksums.AT_ONCE)
    with checksums.meanwhile(tmp_path, [file.name]):
        pass
    flip(file)
    with pytest.raises(DamageError, match=file.name), checksums.meanwhile(tmp_path, [file.name]):
        pass


def test_a_file_of_another_size_and_a_small_one_are_not_used_at_all(tmp_path: Path) -> None:
    file = listed(tmp_path, 3 * checksums.AT_ONCE)
    (tmp_path / "config.json").write_text("{}")
    checksums.write(tmp_path)
    flip(tmp_path / "config.json")
    with (
        pytest.raises(DamageError, match=r"config\.json"),
        checksums.meanwhile(tmp_path, [file.name, "config.json"]),
    ):
        pytest.fail("used")
    file.write_bytes(b"")
    with pytest.raises(DamageError, match=r"0 bytes"), checksums.meanwhile(tmp_path, [file.name]):
        pytest.fail("used")


def test_a_file_is_read_again_only_if_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, reads = listed(tmp_path, 1000), []
    through = checksums._crc32
    monkeypatch.setattr(checksums, "_crc32", lambda file: reads.append(file) or through(file))
    checksums._remembered.clear()
    checksums.check(tmp_path)
    checksums.check(tmp_path)
    assert len(reads) == 2  # younger than its clock can tell
    later = time.time_ns() + 2 * checksums.SETTLED
    monkeypatch.setattr(time, "time_ns", lambda: later)
    checksums.check(tmp_path)
    checksums.check(tmp_path)
    assert len(reads) == 3
    before = file.stat()
    flip(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamageError):
        checksums.check(tmp_path)
