"""How long torch's threads wait in a busy loop for each other."""

import os

SPINS = "30000"
CHOSEN = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def bound() -> None:
    """Let threads that wait for each other sleep after a moment, in this process and its children.

    Where other programs need the cores too, a thread that spins keeps the one that it waits for
    from running, and training takes ten times as long (`benchmarks/busy_machine.py`). GNU OpenMP,
    which torch brings on Linux, reads its settings when torch is loaded: call this before. What the
    environment already says of it stays.
    """
    if not any(name in os.environ for name in CHOSEN):
        os.environ["GOMP_SPINCOUNT"] = SPINS
