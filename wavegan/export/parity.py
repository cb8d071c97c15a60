"""Compare an exported graph with its model."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wavegan.errors import RunError
from wavegan.export.plan import Case, Plan, Run

TOLERANCE = 1e-4
"""Largest difference that passes, as a share of the model's peak."""
ROUNDINGS, MOST = 8, 1e-2
"""Some models carry the last bits of their inputs further: through statistics of the whole clip, or
phases that add up. As many times that passes too, up to `MOST`."""


@dataclass(frozen=True)
class Compared:
    """One comparison.

    Attributes:
        text: its sizes.
        error: the largest difference of a sample, as a share of the model's peak.
    """

    text: str
    error: float


def compare(plan: Plan, run: Run) -> list[Compared]:
    """Compare a graph with the model, on inputs other than those it was traced with.

    Raises:
        RunError: it does not run, makes another length, or differs by more than `TOLERANCE` and
            more than rounding explains.
    """
    made = []
    for case in plan.cases():
        try:
            audio = case.through_graph(run)
        except Exception as error:
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise RunError(f"the exported graph does not run with {case.text}: {first}") from error
        if audio.shape != case.expected.shape:
            raise RunError(
                f"the exported graph makes audio of shape {audio.shape} with {case.text}, and the "
                f"model {case.expected.shape}: nothing was written"
            )
        made.append(Compared(case.text, _checked(case, audio)))
    return made


def _checked(case: Case, audio: NDArray[np.float32]) -> float:
    """The largest difference from the model, as a share of its peak."""
    error = difference(audio, case.expected)
    if error <= TOLERANCE:
        return error
    limit = max(TOLERANCE, min(ROUNDINGS * difference(case.nudged(), case.expected), MOST))
    # one that is not finite is not below any limit
    if not error <= limit:
        raise RunError(
            f"the exported graph differs from the model by {error:.1e} of its peak with "
            f"{case.text}, more than {limit:.1e}: nothing was written"
        )
    return error


def difference(audio: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The largest difference of a sample, as a share of the expected peak."""
    largest = float(np.abs(audio - expected).max(initial=0))
    peak = float(np.abs(expected).max(initial=0))
    if largest == 0:
        return 0.0
    return largest / peak if peak else math.inf
