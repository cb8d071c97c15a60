"""Limit how long torch's threads wait for each other in a busy loop."""

import os

SPINS = "30000"
CHOSEN = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def bound() -> None:
    """Let waiting threads sleep after a short time, in this process and its children.

    If other programs use the cores too, a spinning thread blocks the core that the thread it waits
    for needs, and training takes ten times as long (`benchmarks/busy_machine.py`). GNU OpenMP
    (torch on Linux) reads its settings when torch is imported: call this before. Settings that are
    already in the environment are kept.
    """
    if not any(name in os.environ for name in CHOSEN):
        os.environ["GOMP_SPINCOUNT"] = SPINS
