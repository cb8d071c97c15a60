"""The usage sample beside an exported file: a short script that runs it without wavegan."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from wavegan.export.plan import Format, Plan

ENGINE = {"onnx": "onnxruntime", "torch": "torch"}
OPEN = {
    "onnx": """\
session = onnxruntime.InferenceSession(str(here.with_suffix(".onnx")))
run = partial(session.run, None)  # inputs by name to a list of outputs
""",
    "torch": """\
network = torch.export.load(here.with_suffix(".pt2")).module()


def run(inputs):
    return [network(*map(torch.from_numpy, inputs.values())).detach().numpy()]


""",
}
WRITE = """\
print(f"{audio.shape} at {about['sample_rate']} Hz")
if len(sys.argv) > 2:
    with wave.open(sys.argv[2], "wb") as file:
        channels = audio[0].size // audio.shape[-1]
        file.setparams((channels, 2, about["sample_rate"], 0, "NONE", ""))
        file.writeframes((audio[0].T.clip(-1, 1) * 32767).astype("<i2").tobytes())
"""
"""The first item of `audio` as 16-bit WAV."""


def text(plan: Plan, target: Format) -> str:
    """The script, which is written next to the exported file, with the same stem."""
    engine = ENGINE[target]
    partial = "from functools import partial\n" if target == "onnx" else ""
    helpers = "".join(f"\n\n{_untyped(each)}\n" for each in plan.sample.helpers)
    return (
        f'"""{plan.sample.usage} Needs numpy and {engine}."""\n\n'
        f"import json\nimport sys\nimport wave\n{partial}from pathlib import Path\n\n"
        f"import numpy as np\nimport {engine}\n{helpers}\n"
        'here = Path(__file__)\nabout = json.loads(here.with_suffix(".json").read_text("utf-8"))\n'
        f"{OPEN[target]}{plan.sample.code}{WRITE}"
    )


def _untyped(function: Callable[..., Any]) -> str:
    """The text of a function without annotations: the script need not import their names."""
    head, _, body = inspect.getsource(function).partition("\n")
    head = re.sub(r": \w+", "", re.sub(r" -> .*:$", ":", head)).replace(" = ", "=")
    return f"{head}\n{body}"
