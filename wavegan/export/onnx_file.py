"""Write a plan as an ONNX file, and open one in onnxruntime."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from wavegan.errors import UserError
from wavegan.export.plan import Arrays, Plan, Port, Run
from wavegan.export.tracing import quiet, traced

OPSET, IR_VERSION = 18, 8
"""Versions of the operators and of the file format, read by every onnxruntime since 1.14."""
NEEDED = ("onnx", "onnxscript", "onnxruntime")


def check_packages() -> None:
    """Refuse to start without the packages of the extra `export`.

    Raises:
        UserError: one is not installed.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UserError(
            f"--format onnx needs {', '.join(missing)}: "
            'pip install "wavegan[export]", or give --format torch'
        )


def write(plan: Plan, file: Path) -> None:
    """Trace the network of a plan and write it, with its metadata, in one file.

    Raises:
        Exception: torch or onnxscript cannot express the network; of many classes.
    """
    import onnx

    with quiet():
        program = torch.onnx.export(
            traced(plan),
            input_names=[port.name for port in plan.inputs],
            output_names=[port.name for port in plan.outputs],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    model.ir_version = IR_VERSION
    _tidy(model)
    for port, value in zip(plan.inputs, model.graph.input, strict=True):
        _name_sizes(value, port)
    for port, value in zip(plan.outputs, model.graph.output, strict=True):
        _name_sizes(value, port)
    onnx.helper.set_model_props(model, {key: str(value) for key, value in plan.metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, file)


def opened(file: Path) -> Run:
    """An ONNX file as a function, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what fails is raised too
    session = onnxruntime.InferenceSession(
        file.read_bytes(), options, providers=["CPUExecutionProvider"]
    )

    def run(inputs: Arrays) -> list[NDArray[Any]]:
        return list(session.run(None, dict(inputs)))

    return run


def engine() -> str:
    """What runs the file, with its version."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"


def _tidy(model: Any) -> None:
    """Remove notes of the exporter; they hold the paths of this machine's source files."""
    del model.graph.value_info[:]
    for each in (model, model.graph, *model.functions):
        del each.metadata_props[:]
    for node in (*model.graph.node, *(node for part in model.functions for node in part.node)):
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]


def _name_sizes(value: Any, port: Port) -> None:
    """Name the free sizes of an input or output."""
    dimensions = value.type.tensor_type.shape.dim
    assert len(dimensions) == len(port.shape), port.name
    for dimension, size in zip(dimensions, port.shape, strict=True):
        if isinstance(size, str):
            dimension.dim_param = size
        else:
            dimension.dim_value = size
