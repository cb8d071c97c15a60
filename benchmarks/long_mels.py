"""Measure memory, time and error of decoding long mel spectrograms in pieces.

    python benchmarks/long_mels.py MODEL --minutes 10
    python benchmarks/long_mels.py MODEL --audio      # also compute the mel, like `wavegan vocode`
    python benchmarks/long_mels.py MODEL --whole      # decode in one call
    python benchmarks/long_mels.py MODEL --compare    # difference of pieces and whole

Each figure comes from a separate process. The peak is its resident memory, including Python and
torch; `--minutes 0` shows their share.
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
"""One GiB in the unit of the system's counter: kilobytes, on macOS bytes."""
ALL = 2**40
"""More samples than any input has."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--audio", action="store_true", help="start from audio")
    parser.add_argument("--whole", action="store_true", help="decode in one call")
    parser.add_argument("--compare", action="store_true", help="decode both ways and compare")
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
    """The largest difference of a sample, and the peak of the whole."""
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
    """A mel that repeats ten seconds."""
    part = vocoder.mel(noise(10 * vocoder.sample_rate))
    return part.repeat(1, -(-frames // part.shape[-1]))[:, :frames].contiguous()


def noise(samples: int) -> torch.Tensor:
    """Noise in bursts, as loud as speech."""
    numbers = torch.randn(samples, generator=torch.Generator().manual_seed(0))
    return 0.1 * numbers * torch.linspace(0, samples / 1500, samples).sin().abs()


if __name__ == "__main__":
    main()
