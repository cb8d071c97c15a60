"""Measure memory and time of `wavegan` on long recordings.

    python benchmarks/long_files.py vocode_file MODEL --minutes 1 10 60
    python benchmarks/long_files.py vocode MODEL --minutes 140
    python benchmarks/long_files.py mel MODEL --minutes 140
    python benchmarks/long_files.py evaluate --minutes 10
    python benchmarks/long_files.py diagnose --minutes 140

Makes a FLAC of tones in noise, stereo at 44.1 kHz (for `mel` a `.npy` of the model's bands), runs
the command, or `Vocoder.vocode_file`, in a separate process and prints its peak resident memory;
one line for each length.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
MIB = 2**10 if sys.platform != "darwin" else 2**20
"""One MiB in the unit of the system's counter: kilobytes, on macOS bytes."""
WAYS = ("vocode_file", "vocode", "mel", "evaluate", "diagnose")
VOCODE_FILE = (
    "import sys; from wavegan import Vocoder; model, source, target = sys.argv[1:]; "
    "Vocoder.from_pretrained(model).vocode_file(source, target)"
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("model", type=Path, nargs="?", help="for vocode_file, vocode and mel")
    parser.add_argument("--minutes", type=float, nargs="+", default=[140])
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--channels", type=int, default=2)
    options = parser.parse_args()
    for minutes in options.minutes:
        with tempfile.TemporaryDirectory() as name:
            words = command(options, minutes, Path(name))
            found = {"way": options.way, "minutes": minutes, **measured(words)}
            print(json.dumps(found), flush=True)


def command(options: argparse.Namespace, minutes: float, folder: Path) -> list[object]:
    """What to run after `python`, on an input that is made here."""
    way, model, target = options.way, options.model, folder / "out.wav"
    if way == "mel":
        source = mel(folder / "a.npy", model, minutes)
    else:
        source = recording(folder / "real" / "a.flac", minutes, options.rate, options.channels)
    if way == "vocode_file":
        return ["-c", VOCODE_FILE, model, source, target]
    words = {
        "vocode": ["vocode", source, "--model", model, "--out", target],
        "mel": ["vocode", source, "--model", model, "--out", target],
        "evaluate": ["evaluate", source.parent, source.parent],
        "diagnose": ["diagnose", source, "--exit-zero"],
    }
    return ["-m", "wavegan", *words[way]]


def recording(file: Path, minutes: float, rate: int, channels: int) -> Path:
    """Write a FLAC of tones in noise that alternates between loud and quiet, like speech."""
    file.parent.mkdir()
    random = np.random.default_rng(0)
    seconds = np.arange(10 * rate)[:, None] / rate
    tones = 0.2 * np.sin(2 * np.pi * 220 * seconds) * np.abs(np.sin(3 * seconds))
    part = tones + 0.02 * random.standard_normal((10 * rate, channels))
    left = round(minutes * 60 * rate)
    with soundfile.SoundFile(file, "w", rate, channels, "PCM_16") as sound:
        while left > 0:
            sound.write(part[:left])
            left -= len(part)
    return file


def mel(file: Path, model: Path, minutes: float) -> Path:
    """Write a mel that repeats ten seconds."""
    from wavegan import Vocoder

    vocoder = Vocoder.from_pretrained(model)
    random = np.random.default_rng(0)
    wave = (0.1 * random.standard_normal(10 * vocoder.sample_rate)).astype(np.float32)
    part = vocoder.mel(wave).numpy()
    frames = round(minutes * 60 * vocoder.sample_rate / vocoder.hop_length)
    # band by band, because a child's peak starts at that of its parent
    with file.open("wb") as out:
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(part), frames)}
        np.lib.format.write_array_header_1_0(out, header)
        for band in part:
            np.resize(band, frames).astype("<f4").tofile(out)
    return file


def measured(words: list[object]) -> dict[str, object]:
    """Peak, seconds, exit code and the last line of one command."""
    started = time.perf_counter()
    command = [sys.executable, *map(str, words)]
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output, stderr=output)
        _, status, used = os.wait4(child.pid, 0)
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines()
    return {
        "peak_mib": round(used.ru_maxrss / MIB),
        "seconds": round(time.perf_counter() - started),
        "code": os.waitstatus_to_exitcode(status),
        "said": lines[-1] if lines else "",
    }


if __name__ == "__main__":
    main()
