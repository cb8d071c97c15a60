"""Compare the speed of vocoders with other programs that run the same weights.

    python benchmarks/vocoders.py
    python benchmarks/vocoders.py --families hifigan-v1 vocos --peers plain ours-bf16 onnxruntime
    python benchmarks/vocoders.py --compiled --threads 1 --seconds 10 --json speed.json

All peers run in this process with the same input and number of threads, in turns. The table has
medians; a ratio compares the runs of one round with those of the first peer, and its range is in
brackets. `difference` is the largest difference of a sample from the plain network, as a part of
the output's peak, and `SNR` compares the power of all samples. A peer whose audio is another one
(in float32 the difference is above 0.001, in bfloat16 the SNR is below 10 dB; also in float32 for
`tiny`, whose iterations amplify rounding) is marked, and the exit code is 1. The input is real
speech.

Networks have the published sizes, and random weights unless `WAVEGAN_SHARED` has real ones. An ONNX
file has the length of the input fixed, which is fastest. On a machine that others use too, set
GOMP_SPINCOUNT=30000, as the commands of wavegan do (`docs/runs.md`).
"""

import argparse
import functools
import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import in_turns
import runtime_peers
import torch
import torch_peers
from case import Call, Case, Skip
from families import FAMILIES, model

from wavegan.bench.computer import computer, cores
from wavegan.generators.phase_retrieval import PhaseRetrieval

PEERS: Mapping[str, Callable[[Case], Call]] = {
    "plain": torch_peers.plain,
    "ours-f32": torch_peers.ours,
    "ours-bf16": functools.partial(torch_peers.ours, precision="bfloat16"),
    "ours-compiled": functools.partial(torch_peers.ours, precision="auto", compiled=True),
    "compiled": torch_peers.compiled,
    "transformers": torch_peers.transformers,
    "vocos": torch_peers.vocos,
    "onnxruntime": runtime_peers.onnxruntime,
    "openvino-f32": functools.partial(runtime_peers.openvino, precision="f32"),
    "openvino-bf16": functools.partial(runtime_peers.openvino, precision="bf16"),
}
COMPILED = ("ours-compiled", "compiled")
"""Only with `--compiled`, or by name: they take a minute for each family."""
EXACT = 1e-3
"""Largest difference from the plain network in float32, as a part of the peak."""
ROUGH = 10.0
"""Lowest SNR in bfloat16, dB: its rounding moves phases, above all with random weights."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=[*FAMILIES])
    parser.add_argument("--peers", nargs="+", choices=PEERS, help="the first is the reference")
    parser.add_argument("--compiled", action="store_true", help="also those with torch.compile")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    peers = options.peers or [p for p in PEERS if options.compiled or p not in COMPILED]
    torch.set_num_threads(options.threads)
    facts = computer()
    print(
        f"{facts['processor']} ({', '.join(facts['instructions'])}), torch "
        f"{torch.__version__}, {options.threads} threads, {options.seconds:g} s, load "
        f"{facts['load']}\n",
        flush=True,
    )
    families: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for family in options.families:
            path = model(family, Path(name))
            case = Case(path, options.seconds, options.threads, Path(name))
            families[family] = measured(case, peers, options.runs)
            show(family, families[family])
    if options.json:
        content = {"machine": facts, "options": {**vars(options), "json": ""}, "families": families}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    wrong = [
        f"{f}: {p}" for f, found in families.items() for p in found["peers"] if differs(found, p)
    ]
    sys.exit(f"another output than the plain network: {', '.join(wrong)}" if wrong else 0)


def measured(case: Case, peers: list[str], runs: int) -> dict[str, Any]:
    """Figures of each peer, and why others are skipped."""
    calls: dict[str, Call] = {}
    skipped: dict[str, str] = {}
    for peer in peers:
        try:
            calls[peer] = PEERS[peer](case)
        except Skip as reason:
            skipped[peer] = str(reason)
    expected = torch_peers.plain(case)()
    made = {peer: call() for peer, call in calls.items()}
    took = in_turns.run(calls, runs) if calls else {}
    ratios = in_turns.ratios(took, next(iter(took))) if took else {}
    audio = len(expected) / case.vocoder.sample_rate
    return {
        "audio_seconds": audio,
        "skipped": skipped,
        "iterates": isinstance(case.opened[1], PhaseRetrieval),
        "peers": {
            peer: {
                "seconds": in_turns.spread(took[peer]).median,
                "times_real_time": audio / in_turns.spread(took[peer]).median,
                "ratio": ratios[peer]._asdict(),
                **difference(made[peer], expected),
            }
            for peer in calls
        },
    }


def difference(made: torch.Tensor, expected: torch.Tensor) -> dict[str, float]:
    """The largest difference of a sample as a part of the peak, and the SNR in dB."""
    if made.shape != expected.shape:
        return {"difference": float("inf"), "snr": float("-inf")}
    error = made.double() - expected
    power = float(error.square().mean() / expected.double().var())
    return {
        "difference": float(error.abs().max() / expected.abs().max()),
        "snr": -10 * math.log10(max(power, 1e-20)),
    }


def differs(found: Mapping[str, Any], peer: str) -> bool:
    """Whether a peer computes something else."""
    figures = found["peers"][peer]
    if "bf16" in peer or peer == "ours-compiled" or found.get("iterates"):
        return not figures["snr"] >= ROUGH
    return not figures["difference"] <= EXACT


def show(family: str, found: Mapping[str, Any]) -> None:
    """Print a table of one family in markdown."""
    print(f"| {family} | ms | × real time | × as fast | difference | SNR dB |")
    print("|---|--:|--:|--:|--:|--:|")
    for peer, each in found["peers"].items():
        ratio = each["ratio"]
        mark = " (!)" if differs(found, peer) else ""
        print(
            f"| {peer} | {1000 * each['seconds']:.1f} | {each['times_real_time']:.1f} | "
            f"{ratio['median']:.2f} ({ratio['least']:.2f} to {ratio['most']:.2f}) | "
            f"{each['difference']:.1e}{mark} | {each['snr']:.0f} |"
        )
    skipped = "; ".join(f"{peer}: {reason}" for peer, reason in found["skipped"].items())
    print(f"\nskipped: {skipped}\n" if skipped else "", flush=True)


if __name__ == "__main__":
    main()
