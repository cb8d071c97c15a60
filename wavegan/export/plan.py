"""What is exported: a network to trace, its inputs and outputs, and what torch makes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], list[NDArray[Any]]]
"""A graph as a function: inputs by name to its outputs in order."""
Format = Literal["onnx", "torch"]


@dataclass(frozen=True)
class Port:
    """An input or output of a graph.

    Attributes:
        name: its name.
        shape: sizes; a text where a size is free, such as "L" or "L * 256".
        about: what it holds.
        dtype: numpy's name of its type.
    """

    name: str
    shape: tuple[int | str, ...]
    about: str
    dtype: Literal["float32", "int64"] = "float32"

    @property
    def free(self) -> dict[int, str]:
        """The axes of free size."""
        return {axis: size for axis, size in enumerate(self.shape) if isinstance(size, str)}


class Case(NamedTuple):
    """One comparison of the graph with the model.

    Attributes:
        text: its sizes.
        through_graph: computes the audio with a graph.
        expected: the audio of the model in torch.
        nudged: the same with inputs that differ in their last bits; it shows how far rounding alone
            carries.
    """

    text: str
    through_graph: Callable[[Run], NDArray[np.float32]]
    expected: NDArray[np.float32]
    nudged: Callable[[], NDArray[np.float32]]


class Sample(NamedTuple):
    """The part of a usage sample that depends on the model.

    Attributes:
        usage: how the script is called, a sentence.
        code: lines that make `audio` (N, T), or (C, T) of one sound, with `run` and `about`.
        helpers: numpy functions that the code needs.
    """

    usage: str
    code: str
    helpers: tuple[Callable[..., Any], ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything about an export, whatever its format.

    Attributes:
        network: takes the inputs in order; returns the outputs in order, a tensor if it is one.
        inputs: of the graph.
        outputs: of the graph.
        example: inputs to trace the network with; free sizes are at least 2.
        cases: makes the comparisons, lazily, as they run the model.
        facts: for the JSON file: rates, front-end and so on.
        metadata: for the ONNX file.
        sample: of the use of the graph.
    """

    network: nn.Module
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    example: tuple[Tensor, ...]
    cases: Callable[[], Sequence[Case]]
    facts: Mapping[str, Any]
    metadata: Mapping[str, object]
    sample: Sample
