"""A file in the place of weights is identified by its content, whatever its name."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from wavegan import bundle, file_kinds
from wavegan.errors import UserError


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("g_00000100"))
    return stream.getvalue()


def arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, mel=np.zeros(3))
    return stream.getvalue()


def scripted() -> bytes:
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), stream)
    return stream.getvalue()


ONNX = b"\x08\x0a\x12\x07pytorch\x1a\x062.15.0" + b"\x3a\x80\x08"
KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "onnx": (lambda: ONNX, "an ONNX graph"),
    "a repository": (lambda: zipped("hifi-gan-master/README.md"), r"zip archive .*README.*unpack"),
    "arrays": (arrays, r"a zip archive \(mel\.npy\)"),
    "keras": (lambda: zipped("metadata.json", "model.weights.h5"), "TensorFlow or Keras"),
    "hdf5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(80), "TensorFlow or Keras"),
    "torchscript": (scripted, r"a TorchScript program.*torch\.jit\.load\(FILE\)\.state_dict"),
    "gzip": (lambda: gzip.compress(b"weights"), "a packed archive: unpack"),
    "tar": (tarred, "a packed archive: unpack"),
    "web page": (lambda: b"\n<!DOCTYPE html><html>", "a web page"),
    "pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "json": (lambda: b'{"error": "Repository Not Found"}', "JSON text"),
    "audio": (lambda: b"RIFF\x24\x08\x00\x00WAVEfmt ", "audio"),
    "empty": (lambda: b"", "an empty file"),
}
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
NAMES = ("g_00000100", "model.pt", "model.safetensors", "last.ckpt", "weights")


@pytest.mark.parametrize(("content", "words"), KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beside", [None, "jik876-v3"])
def test_a_file_of_another_kind_is_named(
    tmp_path: Path,
    shared: Path,
    content: Callable[[], bytes],
    words: str,
    name: str,
    beside: str | None,
) -> None:
    if beside is not None:
        config = (shared / "golden" / beside / "config.json").read_bytes()
        (tmp_path / "config.json").write_bytes(config)
    file = tmp_path / name
    file.write_bytes(content())
    with pytest.raises(UserError, match=words) as error:
        bundle.load(file)
    assert str(error.value).startswith(f"{file}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["saved_model.pb", "model.tflite", "ckpt-1.index", "ckpt-1.data-00000-of-00001"]
)
def test_tensorflows_files_are_known_by_their_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x0a\x00" * 50)
    with pytest.raises(UserError, match=r"TensorFlow or Keras.*PyTorch weights"):
        bundle.load(tmp_path / name)


@pytest.mark.parametrize(("name", "content"), [("hifi-gan.zip", "a repository"),
    ("g_00000100", "onnx"), ("model.onnx", "onnx"), ("weights.h5", "hdf5")])  # fmt: skip
def test_so_is_the_only_one_of_a_folder(tmp_path: Path, name: str, content: str) -> None:
    made, words = KINDS[content]
    (tmp_path / name).write_bytes(made())
    (tmp_path / "LICENSE").write_text("")
    with pytest.raises(UserError, match=rf"{name}: .*{words}"):
        bundle.load(tmp_path)


def test_a_bundle_whose_weights_are_a_pointer_says_so(save_tiny: Callable[[Path], Path], tmp_path):
    folder = save_tiny(tmp_path)
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(UserError, match=r"model\.safetensors: .*git lfs pull"):
        bundle.load(folder)


def test_weights_are_nothing_else(tmp_path: Path, shared: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    torch.save({"a": torch.ones(2)}, tmp_path / "b.pt", _use_new_zipfile_serialization=False)
    save_file({"a": torch.ones(2)}, tmp_path / "c.safetensors")
    golden = [*(shared / "golden").glob("*/*.pt"), *(shared / "golden").glob("*/*.pkl")]
    for file in (*tmp_path.iterdir(), *golden):
        assert file_kinds.no_weights_reason(file) is None, file
    assert [file_kinds.is_safetensors(file) for file in sorted(tmp_path.iterdir())] == [
        False,
        False,
        True,
    ]
