"""Peers of `vocoders.py` that run an ONNX file: onnxruntime and OpenVINO."""

import contextlib
import io
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from case import Call, Case, Skip, cause, need


def onnxruntime(case: Case) -> Call:
    """The package onnxruntime on the CPU, float32."""
    need("onnxruntime")
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = case.threads, 1
    options.log_severity_level = 3
    session = ort.InferenceSession(exported(case), options, providers=["CPUExecutionProvider"])
    inputs = {n: each.numpy() for n, each in zip(case.names, case.inputs, strict=True)}
    return lambda: torch.from_numpy(session.run(["audio"], inputs)[0].reshape(-1))


def openvino(case: Case, precision: str) -> Call:
    """OpenVINO on the CPU; precision f32 or bf16."""
    need("openvino")
    import openvino as ov

    core = ov.Core()
    capable = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and "BF16" not in capable:
        raise Skip("OpenVINO has no bf16 on this processor")
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": case.threads,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
    }
    try:
        model = core.compile_model(core.read_model(exported(case)), "CPU", settings)
    except RuntimeError as error:
        raise Skip(f"OpenVINO fails: {cause(error)}") from None
    request = model.create_infer_request()
    inputs = [each.numpy() for each in case.inputs]

    def call() -> torch.Tensor:
        request.infer(inputs)
        return torch.from_numpy(np.array(request.get_output_tensor(0).data).reshape(-1))

    return call


def exported(case: Case) -> Path:
    """An ONNX file of the network for this length, made once."""
    file = case.folder / f"{case.path.name}.onnx"
    failed = file.with_suffix(".failed")
    if failed.exists():
        raise Skip(failed.read_text(encoding="utf-8"))
    if file.exists():
        return file
    need("onnx", "onnxscript")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.onnx.export(
                case.opened[1],
                case.inputs,
                file,
                input_names=case.names,
                output_names=["audio"],
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        failed.write_text(f"torch.onnx.export fails: {cause(error)}", encoding="utf-8")
        raise Skip(failed.read_text(encoding="utf-8")) from None
    return file
