"""Recognise files that are not weights, by their first bytes and names; no code in them is run."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

HEAD = 512
_WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")
_LFS_POINTER = b"version https://git-lfs"
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
_AUDIO = (b"RIFF", b"fLaC", b"OggS", b"ID3")
# a ModelProto begins with its version, then the producer's name, operators or the graph
_ONNX = re.compile(rb"\x08[\x01-\x1f][\x12\x3a\x42]", re.DOTALL)
_TENSORFLOW = re.compile(r".+\.(pb|tflite|index|data-\d{5}-of-\d{5}|keras)")
LONGEST_HEADER = 1 << 24
"""Largest safetensors header in bytes: that of a hundred thousand tensors is half as large."""

_TENSORFLOW_TEXT = (
    "a TensorFlow or Keras model, which wavegan cannot read: use the project's PyTorch weights, or "
    "convert the model with the project's own code"
)


def no_weights_reason(file: Path) -> str | None:
    """What a file is and what to do, if it certainly holds no readable weights; else None.

    Raises:
        OSError: it cannot be opened.
    """
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        return "an empty file"
    return next((text for is_one, text in _KINDS if is_one(head, file)), None) or (
        _of_archive(file) if head.startswith(b"PK") else None
    )


def is_web_page(head: bytes) -> bool:
    """Whether the first bytes are those of a web page, which servers send for missing files."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_WEB_PAGE)


def is_lfs_pointer(head: bytes) -> bool:
    """Whether the first bytes are those of a Git LFS pointer: the file itself was not fetched."""
    return head.startswith(_LFS_POINTER)


def is_safetensors(file: Path) -> bool:
    """Whether a file begins like safetensors (a length, then JSON), whatever its name."""
    with file.open("rb") as stream:
        head = stream.read(9)
    length = int.from_bytes(head[:8], "little")
    return head[8:] == b"{" and 2 <= length <= LONGEST_HEADER


_KINDS: tuple[tuple[Callable[[bytes, Path], object], str], ...] = (
    (
        lambda head, _: is_web_page(head),
        "a web page, not weights: download the weights again",
    ),
    (
        lambda head, _: is_lfs_pointer(head),
        "a Git LFS pointer, not the weights: fetch them (git lfs pull)",
    ),
    (
        lambda head, _: head.lstrip().startswith((b"{", b"[")),
        "JSON text, not weights: give the weights file, or download it again",
    ),
    (
        lambda head, file: _ONNX.match(head) or file.suffix == ".onnx",
        "an ONNX graph, which wavegan cannot read: use the project's PyTorch weights (.pt, "
        ".safetensors)",
    ),
    (
        lambda head, _: head.startswith(b"\x89HDF"),
        "an HDF5 file: statistics, or " + _TENSORFLOW_TEXT,
    ),
    (
        lambda _, file: _TENSORFLOW.fullmatch(file.name),
        _TENSORFLOW_TEXT,
    ),
    (
        lambda head, _: head.startswith(_PACKED) or head[257:262] == b"ustar",
        "a packed archive: unpack it and give the folder or the weights in it",
    ),
    (lambda head, _: head.startswith(_AUDIO), "audio, not a model"),
)


def _of_archive(file: Path) -> str | None:
    """`no_weights_reason` for a zip archive; torch's own files are zip archives too."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return "damaged or cut short: download or copy it again"
    if any(name.endswith("/constants.pkl") for name in names):
        return (
            "a TorchScript program, not weights: save them from it with "
            "torch.save(torch.jit.load(FILE).state_dict(), NEW)"
        )
    if any(name.endswith("data.pkl") for name in names):
        return None
    if any(name.endswith(".weights.h5") for name in names):
        return _TENSORFLOW_TEXT
    shown = ", ".join("".join(filter(str.isprintable, name))[:40] for name in names[:3])
    return (
        f"a zip archive ({shown or 'empty'}), not a file of torch weights: unpack it and give the "
        "folder or the weights in it"
    )
