"""Mutate folders of other projects and open them: only a UserError or a vocoder, within seconds.

    WAVEGAN_SHARED=../shared python benchmarks/faults/foreign.py --seconds 60

Of each folder one or two files are changed: settings, statistics, weights; text and bytes, or
values and tensors by others of another kind. Folders are the golden ones of the shared folder, and
small ones of the layouts that it lacks. Each has a process of its own, whose memory is limited.
Printed as `fuzz.py` does.
"""

import argparse
import datetime
import io
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fuzz
import numpy as np
import torch
import yaml
from foreign_seeds import MADE

SHARED = Path(os.environ.get("WAVEGAN_SHARED", "../shared"))
MEMORY = 3 << 29
"""Bytes beyond those of a process that has opened the whole folder once."""
PATIENCE = 120
"""Additional seconds after which a process counts as hanging."""
NO_MODEL = ("about.json", "expected.npz")
ODD_YAML = (*fuzz.ODD[:-5], math.nan, -math.inf, datetime.date(2026, 1, 1), b"\xff", {1: 2}, {1, 2})
ODD_WEIGHTS = (
    *ODD_YAML,
    torch.empty(0),
    torch.tensor(1.0),
    torch.ones(3, dtype=torch.complex64),
    torch.ones(2, 2, dtype=torch.bool),
    torch.ones(1, dtype=torch.float64).expand(10**4),
    torch.full((4, 4, 4), math.nan),
    torch.nn.Parameter(torch.ones(2)),
)
ODD_ARRAYS = (
    *(np.zeros(shape) for shape in ((), (0,), (2,), (2, 0), (3, 80), (2, 80), (2, 80, 1))),
    np.array(["x", "y"]),
    np.ones((2, 80), complex),
    np.full((2, 80), np.nan),
    np.zeros((2, 80), [("a", "f4")]),
)

Files = dict[str, bytes]


def folders() -> dict[str, Callable[[Path], None]]:
    """Functions that write each folder, by name."""
    golden = SHARED / "golden"
    found = sorted(golden.iterdir()) if golden.is_dir() else []
    return {**{entry.name: _copy(entry) for entry in found if entry.is_dir()}, **MADE}


def _copy(source: Path) -> Callable[[Path], None]:
    def write(target: Path) -> None:
        for file in source.iterdir():
            if file.name not in NO_MODEL:
                (target / file.name).write_bytes(file.read_bytes())

    return write


def changed(name: str, data: bytes, rng: random.Random) -> bytes:
    """A file's content, mutated by its kind, or sometimes byte by byte."""
    change = BY_SUFFIX.get(Path(name).suffix, _changed_weights)
    return fuzz.mutated(data, rng) if rng.random() < 0.3 else change(data, rng)


def _changed_yaml(data: bytes, rng: random.Random) -> bytes:
    from wavegan.interop import _files

    # settings inside of a checkpoint are several documents
    content = fuzz.changed(_files.yaml_documents(data.decode(), Path()), rng, ODD_YAML)
    return yaml.safe_dump(content, allow_unicode=False).encode()


def _changed_header(data: bytes, rng: random.Random) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = fuzz.changed_json(data[8 : 8 + length], rng)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def _changed_weights(data: bytes, rng: random.Random) -> bytes:
    """Content of `torch.save`; settings inside are YAML text."""
    content = _plain(torch.load(io.BytesIO(data), weights_only=True))
    if rng.random() < 0.5 and "hp_str" in content:
        content["hp_str"] = _changed_yaml(content["hp_str"].encode(), rng).decode()
    else:
        content = fuzz.changed(content, rng, ODD_WEIGHTS)
    if rng.random() < 0.05:
        content = rng.choice(ODD_WEIGHTS)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    return content


def _array(_data: bytes, rng: random.Random) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, rng.choice(ODD_ARRAYS))
    return buffer.getvalue()


def _hdf5(_data: bytes, rng: random.Random) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name in ("mean", "scale"):
            kind, array = rng.randrange(5), rng.choice(ODD_ARRAYS)
            if kind == 0:
                file.create_group(name)
            elif kind == 1 or array.dtype.kind == "U":
                file[name] = "text"
            elif kind > 2:
                file[name] = array
    return buffer.getvalue()


BY_SUFFIX = {
    ".json": fuzz.changed_json,
    ".yml": _changed_yaml,
    ".yaml": _changed_yaml,
    ".safetensors": _changed_header,
    ".npy": _array,
    ".h5": _hdf5,
    ".txt": fuzz.mutated,
}


def tries(name: str, write: Callable[[Path], None], scratch: Path, seed: int) -> Iterator[str]:
    """Outcomes of mutated folders, endlessly; the first is that of the intact one."""
    rng, place = random.Random(seed), scratch / name
    place.mkdir()
    write(place)
    whole = {file.name: file.read_bytes() for file in sorted(place.iterdir())}
    yield fuzz.answer(lambda: opened(place))
    while True:
        touched = rng.sample(sorted(whole), min(len(whole), rng.choice((1, 1, 1, 2))))
        for each in touched:
            (place / each).write_bytes(changed(each, whole[each], rng))
        given = place / rng.choice(sorted(whole)) if rng.random() < 0.2 else place
        yield fuzz.answer(lambda given=given: opened(given))
        for each in touched:
            (place / each).write_bytes(whole[each])


def opened(path: Path) -> None:
    """Open as a vocoder, and with discriminators as for fine-tuning."""
    from wavegan import Vocoder, bundle

    bundle.read(path, discriminators=True)
    Vocoder.from_pretrained(path)


def run(name: str, seconds: float, seed: int) -> dict[str, object]:
    """Fuzz one folder in this process."""
    with tempfile.TemporaryDirectory() as scratch:
        coming = tries(name, folders()[name], Path(scratch), seed)
        first = next(coming)
        if first != "read":
            raise RuntimeError(f"{name}, unchanged: {first}")
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
        return {"folder": name, **fuzz.counted(coming, seconds)}


def main() -> None:
    """Open changes of each folder for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=folders(), help="one folder, in this process")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(run(given.only, given.seconds, given.seed)), flush=True)
        return
    for name in folders():
        words = [sys.executable, __file__, "--only", name, "--seconds", str(given.seconds)]
        words += ["--seed", str(given.seed)]
        try:
            ended = subprocess.run(words, check=False, timeout=given.seconds + PATIENCE).returncode
        except subprocess.TimeoutExpired:
            ended = "it hangs"
        if ended:
            print(json.dumps({"folder": name, "died": ended}), flush=True)


if __name__ == "__main__":
    main()
