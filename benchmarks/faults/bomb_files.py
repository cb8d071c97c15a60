"""The files of `bombs.py`: each function makes one and returns the words of a command on it."""

import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from wavegan import bundle
from wavegan.mel.front_end import Mel

Bomb = Callable[[Path], Sequence[str]]
RATE = 16000


def model(folder: Path, *, mel: dict[str, Any] | None = None, **generator: Any) -> Path:
    """A vocoder's bundle of 8 bands, with changes in its `config.json`."""
    config = bundle.Config(
        mel=Mel(sample_rate=RATE, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None),
        generator={
            "name": "phase_retrieval",
            "width": 8,
            "layers": 1,
            "expansion": 1,
            "iterations": 2,
        },
    )
    place = folder / "model"
    place.mkdir()
    bundle.save(place, config, bundle.build(config).state_dict())
    content = json.loads((place / "config.json").read_text())
    content["mel"].update(mel or {})
    content["generator"].update(generator)
    (place / "config.json").write_text(json.dumps(content))
    (place / "checksums.json").unlink(missing_ok=True)
    return place


def vocode(folder: Path, source: Path, place: Path | None = None) -> list[str]:
    """`wavegan vocode` of one input."""
    where = str(place or model(folder))
    return ["vocode", str(source), "--model", where, "--out", str(folder / "out.wav")]


def opened(**changed: Any) -> Bomb:
    """A model whose configuration needs more memory than exists."""

    def make(folder: Path) -> Sequence[str]:
        return vocode(folder, _mel(folder), model(folder, **changed))

    return make


def _mel(folder: Path) -> Path:
    np.save(folder / "mel.npy", np.zeros((8, 20), np.float32))
    return folder / "mel.npy"


ALIASES = "\n".join(
    [f"a0: &a0 [{','.join('x' * 10)}]"]
    + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)


def recipe(*command: str, text: str = ALIASES) -> Bomb:
    """A recipe, alone or of a run."""

    def make(folder: Path) -> Sequence[str]:
        run = folder / "run"
        (run / "checkpoints").mkdir(parents=True)
        (run / "recipe.yaml").write_text(text, encoding="utf-8")
        (run / "metrics.jsonl").write_text("")
        (folder / "data").mkdir()
        _wav(folder / "data" / "a.wav")
        places = {"RUN": str(run), "RECIPE": str(run / "recipe.yaml"), "DATA": str(folder / "data")}
        return [places.get(word, word) for word in command]

    return make


def _wav(file: Path, *, rate: int = RATE, claimed: int | None = None, samples: int = RATE) -> Path:
    """A 16-bit WAV whose header may have a wrong rate or number of bytes."""
    data = b"\0\1" * samples
    size = len(data) if claimed is None else claimed
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", min(size + 36, 2**32 - 1), b"WAVE", b"fmt ", 16,
                       1, 1, rate, min(2 * rate, 2**32 - 1), 2, 16)  # fmt: skip
    file.write_bytes(head + struct.pack("<4sI", b"data", size) + data)
    return file


def audio(**changed: int) -> Bomb:
    """A WAV with a wrong header."""
    return lambda folder: vocode(folder, _wav(folder / "a.wav", **changed))


def wide(folder: Path) -> Sequence[str]:
    """A FLAC-sized WAV of 512 channels."""
    import soundfile

    soundfile.write(folder / "a.wav", np.zeros((RATE, 512), np.float32), RATE, subtype="PCM_U8")
    return vocode(folder, folder / "a.wav")


def mp3_length(folder: Path) -> Sequence[str]:
    """An MP3 whose tag declares four thousand million frames."""
    import soundfile

    file = folder / "a.mp3"
    wave = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    soundfile.write(file, wave, RATE, format="MP3")
    data = bytearray(file.read_bytes())
    for tag in (b"Xing", b"Info"):
        if (at := data.find(tag)) >= 0:
            data[at + 8 : at + 12] = b"\xff\xff\xff\xf0"
    file.write_bytes(bytes(data))
    return vocode(folder, file)


def flac_length(folder: Path) -> Sequence[str]:
    """A FLAC whose header declares 2^36 - 1 samples."""
    import soundfile

    file = folder / "a.flac"
    soundfile.write(file, np.zeros(RATE), RATE)
    data = bytearray(file.read_bytes())
    data[21] |= 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    file.write_bytes(bytes(data))
    return vocode(folder, file)


def long_silence(*command: str, minutes: int = 150, faint: bool = False) -> Bomb:
    """A FLAC of half a megabyte with hours of silence, or with `faint` one-bit noise."""

    def make(folder: Path) -> Sequence[str]:
        import soundfile

        (folder / "audio").mkdir()
        file = folder / "audio" / "a.flac"
        with soundfile.SoundFile(file, "w", RATE, 1, "PCM_16", format="FLAC") as sound:
            minute = np.zeros(60 * RATE, np.int16)
            if faint:
                minute = np.random.default_rng(0).integers(-1, 2, 60 * RATE).astype(np.int16)
            for _ in range(minutes):
                sound.write(minute)
        if not command:
            return vocode(folder, file)
        places = {"FILE": str(file), "FOLDER": str(file.parent), "OUT": str(folder / "out")}
        return [places.get(word, word) for word in command]

    return make


def hiss_of_a_model(folder: Path) -> Sequence[str]:
    """Hours of audio for copy synthesis."""
    words = long_silence("evaluate", "FOLDER", "--model", "MODEL", faint=True)(folder)
    return [str(model(folder)) if word == "MODEL" else word for word in words]


def strides(folder: Path) -> Sequence[str]:
    """A tensor of 8 x 10^9 values with a storage of one."""
    torch.save(torch.zeros(1).expand(8, 10**9), folder / "mel.pt")
    return vocode(folder, folder / "mel.pt")


def weights_of_strides(folder: Path) -> Sequence[str]:
    """Another project's weights with storages of one value each."""
    place = folder / "foreign"
    place.mkdir()
    config = {
        "resblock": "1", "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
        "upsample_initial_channel": 60000, "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5]] * 3, "num_mels": 80, "n_fft": 1024,
        "hop_size": 256, "win_size": 1024, "sampling_rate": 22050, "fmin": 0, "fmax": 8000,
    }  # fmt: skip
    (place / "config.json").write_text(json.dumps(config))
    (place / "checksums.json").unlink(missing_ok=True)
    one = torch.zeros(1)
    tensors = {
        "conv_pre.weight": one.expand(60000, 80, 7),
        "ups.0.weight": one.expand(60000, 30000, 16),
        "resblocks.0.convs1.0.weight": one.expand(30000, 30000, 3),
        "conv_post.weight": one.expand(1, 3750, 7),
    }
    torch.save({"generator": tensors}, place / "g_00000001")
    np.save(folder / "mel.npy", np.zeros((80, 20), np.float32))
    return vocode(folder, folder / "mel.npy", place)


def deflated(folder: Path) -> Sequence[str]:
    """A file of torch with zeros packed to a thousandth of their size."""
    plain, packed = io.BytesIO(), folder / "mel.pt"
    torch.save(torch.zeros(8, 1 << 25), plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    return vocode(folder, packed)


def npz(folder: Path) -> Sequence[str]:
    """An `.npz` of a gigabyte of zeros."""
    np.savez_compressed(folder / "mel.npz", mel=np.zeros((8, 1 << 25), np.float32))
    return vocode(folder, folder / "mel.npz")


def npy(folder: Path) -> Sequence[str]:
    """A `.npy` whose header declares terabytes."""
    with (folder / "mel.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (8, 10**12)}
        np.lib.format.write_array_header_1_0(file, header)
    return vocode(folder, folder / "mel.npy")


def _statistics(folder: Path) -> Sequence[str]:
    """A folder of ParallelWaveGAN's with statistics in a file that exists already."""
    place = folder / "foreign"
    config = {
        "sampling_rate": 22050, "fft_size": 1024, "hop_size": 256, "win_length": None,
        "window": "hann", "num_mels": 80, "fmin": 80, "fmax": 7600, "format": "hdf5",
        "generator_type": "ParallelWaveGANGenerator", "generator_params": {"aux_channels": 80},
    }  # fmt: skip
    (place / "config.yml").write_text(json.dumps(config))
    names = ("first_conv", "upsample_net.conv_in", "conv_layers.0.conv", "last_conv_layers.1")
    state = {f"{each}.weight": torch.zeros(64, 1, 1) for each in names}
    torch.save({"model": {"generator": state}}, place / "checkpoint-1steps.pkl")
    np.save(folder / "mel.npy", np.zeros((80, 20), np.float32))
    return vocode(folder, folder / "mel.npy", place / "checkpoint-1steps.pkl")


def h5(chunk: int, size: int) -> Bomb:
    """Statistics of a kilobyte that unpack to gigabytes: as values, or as one packed chunk."""

    def make(folder: Path) -> Sequence[str]:
        import h5py

        (folder / "foreign").mkdir()
        with h5py.File(folder / "foreign" / "stats.h5", "w") as file:
            for name in ("mean", "scale"):
                file.create_dataset(
                    name, (size,), "f4", chunks=(chunk,), maxshape=(None,), compression="gzip"
                )
        return _statistics(folder)

    return make


def stats_npy(folder: Path) -> Sequence[str]:
    """Statistics whose header declares terabytes."""
    (folder / "foreign").mkdir()
    with (folder / "foreign" / "stats.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (2, 10**12)}
        np.lib.format.write_array_header_1_0(file, header)
    return _statistics(folder)


def safetensors_header(folder: Path) -> Sequence[str]:
    """Weights with a header of 60 MB."""
    place = model(folder)
    save_file({"x": torch.zeros(1)}, place / "model.safetensors", {"note": "x" * 60_000_000})
    return vocode(folder, _mel(folder), place)


def json_depth(folder: Path) -> Sequence[str]:
    """A configuration of a million brackets."""
    place = model(folder)
    (place / "config.json").write_text("[" * 1_000_000)
    (place / "checksums.json").unlink(missing_ok=True)
    return vocode(folder, _mel(folder), place)


def json_size(folder: Path) -> Sequence[str]:
    """A configuration of 200 MB of labels."""
    place = model(folder)
    text = (place / "config.json").read_text()
    (place / "config.json").write_text(text.replace("[]", f"[{'0,' * 100_000_000}0]", 1))
    (place / "checksums.json").unlink(missing_ok=True)
    return vocode(folder, _mel(folder), place)


SMALL = "inherit: tiny\n"
BOMBS: dict[str, Bomb] = {
    "yaml aliases, dry run": recipe("train", "RECIPE", "DATA", "--out", "new", "--dry-run"),
    "yaml aliases, resume": recipe("train", "--resume", "RUN"),
    "yaml aliases, status": recipe("status", "RUN"),
    "yaml aliases, report": recipe("report", "RUN"),
    "yaml brackets, show": recipe("show", "RECIPE", text="a: " + "[" * 100_000),
    "recipe of 10^9 layers": recipe(
        "train", "RECIPE", "DATA", "--out", "new", "--dry-run",
        text=SMALL + "generator: {name: phase_retrieval, layers: 1000000000}\n",
    ),
    "config: iterations 60000": opened(iterations=60_000),
    "wav of 512 channels": wide,
    "recipe of width 10^9, status": recipe(
        "status", "RUN", text=SMALL + "generator: {name: phase_retrieval, width: 1000000000}\n"
    ),
    "recipe of width 10^9, report": recipe(
        "report", "RUN", text=SMALL + "generator: {name: phase_retrieval, width: 1000000000}\n"
    ),
    "config: expansion 1000000": opened(expansion=1_000_000),
    "config: expansion 60000": opened(expansion=60_000),
    "config: layers 1000000000": opened(layers=1_000_000_000),
    "config: layers 60000": opened(layers=60_000),
    "config: width 60000": opened(width=60_000),
    "config: kernel_size 60001": opened(kernel_size=60_001),
    "config: iterations 10^9": opened(iterations=1_000_000_000),
    "config: mel.n_fft 2^40": opened(mel={"n_fft": 2**40, "win_length": 2**40}),
    "config: mel.n_mels 10^9": opened(mel={"n_mels": 10**9}),
    "config: mel of 2^20 by 5000": opened(mel={"n_fft": 2**20, "n_mels": 5000}),
    "config: mel.sample_rate 10^15": opened(mel={"sample_rate": 10**15}),
    "json brackets": json_depth,
    "json of 200 MB": json_size,
    "wav of 1 Hz": audio(rate=1),
    "wav of 2^31 Hz": audio(rate=2**31 - 1),
    "wav of 2^31 bytes": audio(claimed=2**31 - 1),
    "mp3 of a false length": mp3_length,
    "flac of a false length": flac_length,
    "tensor without values": strides,
    "weights without values": weights_of_strides,
    "deflated .pt": deflated,
    "deflated .npz": npz,
    ".npy of terabytes": npy,
    "stats.h5 of gigabytes": h5(1 << 20, 1 << 31),
    "stats.h5, one packed chunk": h5(1 << 29, 80),
    "stats.npy of terabytes": stats_npy,
    "safetensors header of 60 MB": safetensors_header,
    "hours of silence, vocode": long_silence(),
    "hours of silence, evaluate": long_silence("evaluate", "FOLDER", "FOLDER"),
    "hours of silence, diagnose": long_silence("diagnose", "FILE", "--exit-zero"),
    "hours of hiss, vocode": long_silence(minutes=20, faint=True),
    "hours of hiss, evaluate": long_silence("evaluate", "FOLDER", "FOLDER", faint=True),
    "hours of hiss, evaluate a model": hiss_of_a_model,
}  # fmt: skip
"""All bombs: refused, or processed in bounded memory within seconds."""
