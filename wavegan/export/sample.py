"""The usage sample beside an exported file: a short script that runs it without wavegan."""

import inspect

from wavegan.export.plan import Format, Plan

ENGINE = {"onnx": "onnxruntime", "torch": "torch"}
OPEN = {
    "onnx": """\
session = onnxruntime.InferenceSession(str(here.with_suffix(".onnx")))
run = partial(session.run, None)  # inputs by name to a list of outputs
""",
    "torch": """\
network = torch.export.load(here.with_suffix(".pt2")).module()
run = lambda inputs: [network(*map(torch.from_numpy, inputs.values())).detach().numpy()]
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
    helpers = "".join(f"\n\n{inspect.getsource(each)}" for each in plan.sample.helpers)
    return (
        f'"""{plan.sample.usage} Needs numpy and {engine}."""\n\n'
        "from __future__ import annotations\n\n"
        f"import json\nimport sys\nimport wave\n{partial}from pathlib import Path\n\n"
        f"import numpy as np\nimport {engine}\n{helpers}\n\n"
        'here = Path(__file__)\nabout = json.loads(here.with_suffix(".json").read_text("utf-8"))\n'
        f"{OPEN[target]}{plan.sample.code}{WRITE}"
    )
