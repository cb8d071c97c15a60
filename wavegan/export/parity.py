"""Does the exported graph give what the model gives?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wavegan.errors import RunError
from wavegan.export.plan import Plan, Run


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
        RunError: a difference is above `plan.tolerance`, or a length differs.
    """
    made = []
    for case in plan.cases():
        try:
            audio = case.through_graph(run)
        except Exception as error:
            first = str(error).strip().splitlines() or [type(error).__name__]
            raise RunError(f"the exported graph does not run with {case.text}: {first[0]}") from error
        made.append(Compared(case.text, _difference(audio, case.expected, case.text)))
    worst = max(made, key=lambda each: math.inf if math.isnan(each.error) else each.error)
    if not worst.error <= plan.tolerance:
        raise RunError(
            f"the exported graph differs from the model by {worst.error:.1e} of its peak with "
            f"{worst.text}, more than {plan.tolerance:g}: nothing was written"
        )
    return made


def _difference(audio: NDArray[np.float32], expected: NDArray[np.float32], text: str) -> float:
    if audio.shape != expected.shape:
        raise RunError(
            f"the exported graph makes audio of shape {audio.shape} with {text}, and the model "
            f"{expected.shape}: nothing was written"
        )
    difference = float(np.abs(audio - expected).max(initial=0))
    peak = float(np.abs(expected).max(initial=0))
    if difference == 0:
        return 0.0
    return difference / peak if peak else math.inf
