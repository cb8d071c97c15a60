"""A folder or a text is written whole or not at all, and an old one stays until then."""

import os
import stat
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from wavegan import atomic, bundle


def tree(folder):
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def fill(path, **files):
    with atomic.folder(path) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)


def test_a_folder_and_its_parents_appear_with_everything_in_it(tmp_path):
    target = tmp_path / "a" / "b" / "target"
    with atomic.folder(target) as folder:
        (folder / "inside").mkdir()
        (folder / "inside" / "deep").write_text("1")
        (folder / "top").write_text("2")
        assert not target.exists()
    assert tree(target) == {"inside/deep": "1", "top": "2"}
    assert os.listdir(target.parent) == ["target"]


def test_after_an_exception_nothing_is_left(tmp_path):
    def die_while_filling():
        with atomic.folder(tmp_path / "target") as folder:
            (folder / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_while_filling()
    assert os.listdir(tmp_path) == []


def test_after_an_exception_the_old_content_is_as_it_was(tmp_path):
    fill(tmp_path / "target", old="old", both="old")

    def die_while_filling():
        with atomic.folder(tmp_path / "target") as folder:
            (folder / "both").write_text("new")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        die_while_filling()
    assert tree(tmp_path / "target") == {"old": "old", "both": "old"}
    assert os.listdir(tmp_path) == ["target"]


def test_a_folder_is_replaced_whole(tmp_path):
    fill(tmp_path / "target", old="old", both="old")
    fill(tmp_path / "target", new="new", both="new")
    assert tree(tmp_path / "target") == {"new": "new", "both": "new"}
    assert os.listdir(tmp_path) == ["target"]


def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    fill(tmp_path / "target", old="old")
    replace = os.replace

    def refuse(source, target):
        if os.path.exists(os.path.join(source, "new")):
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(atomic.os, "replace", refuse)
    with pytest.raises(PermissionError):
        fill(tmp_path / "target", new="new")
    assert tree(tmp_path / "target") == {"old": "old"}
    assert os.listdir(tmp_path) == ["target"]


def test_every_file_is_on_the_disk_before_the_folder_appears(tmp_path, monkeypatch):
    synced, sync = [], os.fsync

    def note(handle):
        synced.append((os.fstat(handle).st_ino, (tmp_path / "target").exists()))
        sync(handle)

    monkeypatch.setattr(atomic.os, "fsync", note)
    fill(tmp_path / "target", a="1", b="2")
    files = {file.stat().st_ino for file in (tmp_path / "target").iterdir()}
    assert {inode for inode, appeared in synced if not appeared} == files
    assert (tmp_path.stat().st_ino, True) in synced


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
@pytest.mark.parametrize("mask", [0o022, 0o002, 0o027, 0o077])
def test_the_umask_says_who_may_read_what_was_written(tmp_path, tiny, mask):
    before = os.umask(mask)
    try:
        with atomic.folder(tmp_path / "target") as folder:
            bundle.save(folder, tiny, bundle.build(tiny).state_dict())
        atomic.text(tmp_path / "text", "text")
        (tmp_path / "text").chmod(0o600)
        atomic.text(tmp_path / "text", "again")
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*")}
    assert modes.pop("target") == 0o777 & ~mask
    assert modes == dict.fromkeys(
        ("text", "config.json", "model.safetensors", "README.md", "checksums.json"), 0o666 & ~mask
    )


def test_tensors_that_the_disk_refuses_leave_the_old_ones_and_nothing_else(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    atomic.tensors(tmp_path / "file", {"a": torch.ones(2)})
    monkeypatch.setattr("safetensors.torch.save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        atomic.tensors(tmp_path / "file", {"a": torch.zeros(2)})
    assert load_file(tmp_path / "file")["a"].tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["file"]


KILLED = """
import os, sys
from pathlib import Path
from wavegan import atomic
target = Path(sys.argv[1])
with atomic.folder(target) as folder:
    (folder / "file").write_text("new")
    if sys.argv[2] == "filling":
        os._exit(9)
    replace = os.replace
    def die_between(source, to):
        if Path(to) == target:
            os._exit(9)
        replace(source, to)
    os.replace = die_between
"""


@pytest.mark.parametrize("moment", ["filling", "replacing"])
def test_what_a_killed_writer_left_is_cleared_and_the_old_content_is_back(tmp_path, moment):
    fill(tmp_path / "target", file="old")
    fill(tmp_path / "other", file="other")
    (tmp_path / ".hidden").write_text("somebody's")
    ended = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "target", moment], check=False)
    assert ended.returncode == 9
    assert atomic.settle(tmp_path) > 0
    assert tree(tmp_path / "target") == {"file": "old"}
    assert sorted(os.listdir(tmp_path)) == [".hidden", "other", "target"]
    assert atomic.settle(tmp_path) == 0


def test_a_text_is_written_as_utf8_and_replaces_the_old_one(tmp_path):
    atomic.text(tmp_path / "file", "a much longer text than the second")
    atomic.text(tmp_path / "file", "süß\n")
    assert (tmp_path / "file").read_bytes() == b"s\xc3\xbc\xc3\x9f\n"
    assert os.listdir(tmp_path) == ["file"]


def test_a_text_that_cannot_be_encoded_leaves_the_old_one_and_nothing_else(tmp_path):
    atomic.text(tmp_path / "file", "old")
    with pytest.raises(UnicodeEncodeError):
        atomic.text(tmp_path / "file", "new \udce9")
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_text_that_the_disk_refuses_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    def full_disk(_handle):
        raise OSError(28, "No space left on device")

    atomic.text(tmp_path / "file", "old")
    monkeypatch.setattr(atomic.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        atomic.text(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_files_appear_together_or_not_at_all(tmp_path):
    names = [tmp_path / "new" / name for name in ("a", "b")]

    def fail():
        with atomic.files(names) as (first, _):
            first.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list((tmp_path / "new").iterdir()) == []
    for content in ("old", "new"):
        with atomic.files(names) as unfinished:
            assert [file.name for file in unfinished] == ["a", "b"]
            for file in unfinished:
                file.write_text(content)
            if content == "new":
                assert names[0].read_text() == "old"
        assert [file.read_text() for file in names] == [content, content]
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["a", "b"]
    # one that was not written is an error, and the others stay as they were
    with pytest.raises(OSError, match="b"), atomic.files(names) as (first, _):
        first.write_text("newer")
    assert names[0].read_text() == "new"
