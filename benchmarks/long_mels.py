"""Measure what long mel spectrograms cost: memory, time, and how far pieces are from the whole.

    python benchmarks/long_mels.py MODEL --minutes 10
    python benchmarks/long_mels.py MODEL --audio      # the mel is computed too, as `wavegan vocode`
    python benchmarks/long_mels.py MODEL --whole      # in one call, as if the reach were unknown
    python benchmarks/long_mels.py MODEL --compare    # how far pieces are from the whole

Each figure comes from a process of its own: its peak is what the system counted for it (resident
memory, with Python and torch, of which `--minutes 0` shows the share).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch

from wavegan import Vocoder
from wavegan.inference import pieces
from wavegan.inference.revocode import revocode

GIB = 2**20 if sys.platform != "darwin" else 2**30
"""Of the unit that the system counts in: kilobytes, bytes on macOS."""
ALL = 2**40
"""Samples, more than anything has."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--audio", action="store_true", help="begin with audio")
    parser.add_argument("--whole", action="store_true", help="decode all at once")
    parser.add_argument("--compare", action="store_true", help="decode in both ways")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.whole:
        pieces.SAMPLES = ALL
    if options.child:
        print(json.dumps(measured(options.model, options.minutes, options.audio)))
    elif options.compare:
        print(json.dumps(compared(options.model, options.minutes)))
    else:
        command = [sys.executable, __file__, *sys.argv[1:], "--child"]
        print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def measured(model: Path, minutes: float, audio: bool) -> dict[str, object]:
    """Peak in GiB and seconds of one call in this process."""
    vocoder = Vocoder.from_pretrained(model)
    frames = round(minutes * 60 * vocoder.sample_rate / vocoder.hop_length)
    started = time.perf_counter()
    if audio and frames:
        revocode(vocoder, noise(frames * vocoder.hop_length))
    elif frames:
        vocoder(some_mel(vocoder, frames))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB
    return {
        "generator": type(vocoder.generator).__name__,
        "minutes": minutes,
        "from": "audio" if audio else "mel",
        "peak_gib": round(peak, 2),
        "seconds": round(seconds, 1),
    }


def compared(model: Path, minutes: float) -> dict[str, object]:
    """The largest difference of a sample, and the whole's largest sample."""
    vocoder = Vocoder.from_pretrained(model)
    frames = round(minutes * 60 * vocoder.sample_rate / vocoder.hop_length)
    mel = some_mel(vocoder, frames)
    made = vocoder(mel)
    pieces.SAMPLES = ALL
    whole = vocoder(mel)
    return {
        "generator": type(vocoder.generator).__name__,
        "reach": pieces.reach(vocoder.generator, vocoder.n_mels),
        "minutes": minutes,
        "difference": float((made - whole).abs().max()),
        "peak": float(whole.abs().max()),
    }


def some_mel(vocoder: Vocoder, frames: int) -> torch.Tensor:
    """A mel of so many frames, of ten seconds that repeat."""
    part = vocoder.mel(noise(10 * vocoder.sample_rate))
    return part.repeat(1, -(-frames // part.shape[-1]))[:, :frames].contiguous()


def noise(samples: int) -> torch.Tensor:
    """Noise in bursts, as loud as speech."""
    numbers = torch.randn(samples, generator=torch.Generator().manual_seed(0))
    return 0.1 * numbers * torch.linspace(0, samples / 1500, samples).sin().abs()


if __name__ == "__main__":
    main()
