"""Print how far each model looks ahead: the least latency of a stream, whatever the computer.

    python benchmarks/lookahead.py
    python benchmarks/lookahead.py runs/my-voice

The networks are measured, not looked up; random weights of the published sizes suffice.
"""

import argparse
import tempfile
from pathlib import Path

from families import FAMILIES, model

from wavegan import Vocoder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="*", type=Path, help="your own; default: all families")
    options = parser.parse_args()
    print("| model | lookahead, frames | ms |")
    print("|---|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        paths = {path.name: path for path in options.models} or {
            family: model(family, Path(name)) for family in FAMILIES
        }
        for called, path in paths.items():
            print(line(called, Vocoder.from_pretrained(path)), flush=True)


def line(called: str, vocoder: Vocoder) -> str:
    """A row of the table."""
    frames = vocoder.lookahead
    if frames is None:
        return f"| {called} | cannot stream | – |"
    return (
        f"| {called} | {frames} | {1000 * frames * vocoder.hop_length / vocoder.sample_rate:.0f} |"
    )


if __name__ == "__main__":
    main()
