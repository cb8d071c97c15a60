"""Single layers by torch's own kernels and by the engine's, in GFLOP/s.

    python benchmarks/kernels.py [--threads N]

Layers of the widths that vocoders have: torch's 1-D operation, the 2-D one with channels last, and
the same with packed weights. Runs alternate; the fastest of several counts, as others were
disturbed.
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from wavegan.inference.engine import kernels
from wavegan.inference.engine.packing import Packing
from wavegan.inference.engine.running import Running

SAMPLES = 2**18
"""Input values of each layer: as many at every width, as in a vocoder."""
LAYERS: dict[str, Callable[[int], nn.Module]] = {
    "conv 3": lambda width: nn.Conv1d(width, width, 3, padding=1),
    "conv 11": lambda width: nn.Conv1d(width, width, 11, padding=5),
    "conv 7, dilation 5": lambda width: nn.Conv1d(width, width, 7, padding=15, dilation=5),
    "transposed 16/8": lambda width: nn.ConvTranspose1d(width, width // 2, 16, 8, 4),
    "depthwise 7": lambda width: nn.Conv1d(width, width, 7, padding=3, groups=width),
    "linear x 3": lambda width: nn.Linear(width, 3 * width),
}


def main() -> None:
    """Print a table, and JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 256, 512])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| layer | width | float32: torch | 2-D | packed | bfloat16: torch | 2-D | packed |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    rows = []
    for name, make in LAYERS.items():
        for width in options.widths:
            speeds = _speeds(make(width).requires_grad_(False), width, options.runs)
            rows.append({"layer": name, "width": width, **speeds})
            print(f"| {name} | {width} | " + " | ".join(f"{s:.0f}" for s in speeds.values()) + " |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


@torch.no_grad()
def _speeds(layer: nn.Module, width: int, runs: int) -> dict[str, float]:
    """GFLOP/s by type and way."""
    linear = isinstance(layer, nn.Linear)
    x = torch.randn(1, SAMPLES // width, width)
    x = x if linear else x.mT.contiguous()
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    places = x.numel() // width
    work = 2 * weight.numel() * places
    ways = {}
    for dtype in (torch.float32, torch.bfloat16):
        name = str(dtype).removeprefix("torch.")
        ways[f"{name} torch"] = partial(copy.deepcopy(layer).to(dtype), x.to(dtype))
        ways[f"{name} 2-D"] = partial(_engine, layer, Packing(layer), x, dtype, False)
        ways[f"{name} packed"] = partial(_engine, layer, Packing(layer), x, dtype, True)
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(runs + 2):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn > 1:
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: work / seconds / 1e9 for name, seconds in best.items()}


def _engine(
    layer: nn.Module, packing: Packing, x: torch.Tensor, dtype: torch.dtype, packed: bool
) -> torch.Tensor:
    agree = kernels._agree
    try:
        if not packed:
            kernels._agree = lambda: False  # type: ignore[assignment]
        with Running(packing, dtype):
            made: torch.Tensor = layer(x)
    finally:
        kernels._agree = agree
    return made


if __name__ == "__main__":
    main()
