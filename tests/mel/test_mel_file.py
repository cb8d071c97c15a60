"""Mel spectrograms from files: what is read, how it is turned, and that nothing in them runs."""

import pickle

import numpy as np
import pytest
import torch

from wavegan.errors import UserError
from wavegan.mel import mel_file

MEL = np.random.default_rng(0).normal(size=(8, 21)).astype(np.float32)


def refused(file, message):
    with pytest.raises(UserError, match=message) as error:
        mel_file.read(file, 8)
    assert str(error.value).startswith(f"{file}: ")
    assert str(error.value).isprintable()
    assert "weights_only" not in str(error.value)


def save_npy(file, array=MEL):
    np.save(file, array)


def save_npz_alone(file):
    np.savez(file, anything=MEL)


def save_npz_named(file):
    np.savez(file, f0=np.zeros(21), mel=MEL, label=np.array("text"))


def save_pt(file):
    torch.save(torch.from_numpy(MEL), file)


def save_pt_named(file):
    torch.save({"mel": torch.from_numpy(MEL), "f0": torch.zeros(21), "speaker": "jane"}, file)


def save_pt_alone(file):
    torch.save({"spectrogram": torch.from_numpy(MEL), "speaker": "jane"}, file)


def save_pt_old(file):
    torch.save(torch.from_numpy(MEL), file, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("mel.npy", save_npy),
        ("MEL.NPY", lambda file: save_npy(file.open("wb"))),
        ("mel.npz", save_npz_alone),
        ("mel.npz", save_npz_named),
        ("mel.pt", save_pt),
        ("mel.pth", save_pt),
        ("MEL.PT", save_pt),
        ("mel.pt", save_pt_named),
        ("mel.pt", save_pt_alone),
        ("mel.pt", save_pt_old),
    ],
)
def test_one_mel_is_read_from(tmp_path, name, save):
    save(tmp_path / name)
    read = mel_file.read(tmp_path / name, 8)
    assert read.dtype == torch.float32
    assert torch.equal(read, torch.from_numpy(MEL))


@pytest.mark.parametrize(
    "array",
    [MEL.T, MEL[None], MEL.T[None], MEL[None, None], np.asfortranarray(MEL)],
    ids=["frames first", "batch of one", "both", "two batches of one", "fortran order"],
)
def test_layouts_are_recognised(tmp_path, array):
    save_npy(tmp_path / "mel.npy", array)
    read = mel_file.read(tmp_path / "mel.npy", 8)
    assert torch.equal(read, torch.from_numpy(MEL))
    assert read.is_contiguous()


def test_a_square_is_taken_as_the_layout_says(tmp_path):
    save_npy(tmp_path / "mel.npy", MEL[:, :8])
    square = torch.from_numpy(MEL[:, :8])
    assert torch.equal(mel_file.read(tmp_path / "mel.npy", 8), square)
    assert torch.equal(mel_file.read(tmp_path / "mel.npy", 8, "frames_first"), square.T)


@pytest.mark.parametrize("layout", ["frames_last", "frames_first"])
def test_no_layout_turns_what_is_no_square(tmp_path, layout):
    for array in (MEL, MEL.T):
        save_npy(tmp_path / "mel.npy", array)
        assert torch.equal(mel_file.read(tmp_path / "mel.npy", 8, layout), torch.from_numpy(MEL))


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("mel.npy", save_npy),
        ("mel.npy", lambda file: save_npy(file, MEL.T)),
        ("mel.npz", save_npz_named),
        ("mel.pt", save_pt),
    ],
)
def test_a_part_is_that_part_of_the_whole(tmp_path, name, save):
    save(tmp_path / name)
    part = mel_file.read(tmp_path / name, 8, start=5, frames=9)
    assert torch.equal(part, torch.from_numpy(MEL[:, 5:14]))
    assert part.is_contiguous()
    assert mel_file.read(tmp_path / name, 8, start=20, frames=9).shape == (8, 1)


def test_of_npy_only_what_is_used_is_read(tmp_path):
    for array in (MEL, MEL.T):
        save_npy(tmp_path / "mel.npy", array)
        lazy = mel_file.mapped(tmp_path / "mel.npy", 8)
        assert lazy.shape == (8, 21)
        assert isinstance(lazy, np.memmap)


@pytest.mark.parametrize("kind", ["float64", "float16", "int32", "uint8", ">f4", ">f8"])
def test_other_number_types_are_converted(tmp_path, kind):
    whole = (MEL * 9).round().clip(0)
    save_npy(tmp_path / "mel.npy", whole.astype(kind))
    assert torch.equal(mel_file.read(tmp_path / "mel.npy", 8), torch.from_numpy(whole))


@pytest.mark.parametrize(
    ("shape", "shown"),
    [((7, 21), r"\(7, 21\)"), ((8,), r"\(8,\)"), ((), r"\(\)"), ((2, 8, 21), r"\(2, 8, 21\)")],
)
def test_another_shape_is_refused(tmp_path, shape, shown):
    save_npy(tmp_path / "mel.npy", np.zeros(shape))
    refused(tmp_path / "mel.npy", rf"shape {shown}.*\(8, frames\)")


def test_several_arrays_without_a_mel_among_them_are_refused(tmp_path):
    np.savez(tmp_path / "two.npz", a=MEL, b=MEL)
    refused(tmp_path / "two.npz", "holds a, b; name the array 'mel'")
    torch.save({"a": torch.zeros(8, 2), "b": torch.zeros(8, 2)}, tmp_path / "two.pt")
    refused(tmp_path / "two.pt", "holds a, b; name the array 'mel'")
    torch.save({}, tmp_path / "none.pt")
    refused(tmp_path / "none.pt", "holds nothing")


def test_bfloat16_is_read(tmp_path):
    torch.save(torch.from_numpy(MEL).bfloat16(), tmp_path / "mel.pt")
    read = mel_file.read(tmp_path / "mel.pt", 8)
    assert torch.equal(read, torch.from_numpy(MEL).bfloat16().float())


def test_what_is_no_array_of_numbers_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "list.pt")
    refused(tmp_path / "list.pt", "holds a list, not an array")
    save_npy(tmp_path / "text.npy", np.full((8, 3), "a"))
    refused(tmp_path / "text.npy", "save real numbers")


class Exploit:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return open, (self.file, "w")


def write_object_npy(file, exploit):
    np.save(file, np.array([exploit], dtype=object), allow_pickle=True)


def write_object_npz(file, exploit):
    np.savez(file, mel=MEL, extra=np.array([exploit], dtype=object))


def write_pickle(file, exploit):
    file.write_bytes(pickle.dumps(exploit, protocol=2))


def write_pt(file, exploit):
    torch.save({"mel": torch.from_numpy(MEL), "extra": exploit}, file)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("mel.npy", write_object_npy),
        ("mel.npz", write_object_npz),
        ("mel.npy", write_pickle),
        ("mel.pt", write_pickle),
        ("mel.pt", write_pt),
        ("mel.PTH", write_pt),
    ],
)
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path, name, write):
    trap = tmp_path / "ran"
    write(tmp_path / name, Exploit(trap))
    refused(tmp_path / name, "not a readable array file")
    assert not trap.exists()
    pickle.loads(pickle.dumps(Exploit(trap)))  # the trap would have sprung
    assert trap.exists()


@pytest.mark.parametrize(
    ("name", "save"), [("mel.npy", save_npy), ("mel.npz", save_npz_alone), ("mel.pt", save_pt)]
)
@pytest.mark.parametrize("kept", [0, 5, -30])
def test_a_truncated_file_is_refused(tmp_path, name, save, kept):
    save(tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:kept])
    refused(tmp_path / name, "not a readable array file")


@pytest.mark.parametrize("name", ["mel.npy", "mel.npz", "mel.pt"])
def test_a_text_is_refused(tmp_path, name):
    (tmp_path / name).write_text("1.0 2.0 3.0\n" * 9)
    refused(tmp_path / name, "not a readable array file")


@pytest.mark.parametrize("name", ["gone.npy", "gone.pt", "folder.npy"])
def test_a_missing_file_is_refused(tmp_path, name):
    (tmp_path / "folder.npy").mkdir()
    refused(tmp_path / name, "no such file")


@pytest.mark.parametrize("name", ["mel.pt", "mel.npy"])
def test_complex_numbers_are_refused(tmp_path, name):
    values = torch.full((8, 5), -3.0 + 2.0j)
    if name.endswith(".pt"):
        torch.save(values, tmp_path / name)
    else:
        np.save(tmp_path / name, values.numpy())
    with pytest.raises(UserError, match=rf"{name}: .*complex"):
        mel_file.read(tmp_path / name, 8)
