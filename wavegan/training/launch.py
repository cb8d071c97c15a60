"""Start the same command in several processes of this machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence


def launch(processes: int, arguments: Sequence[str]) -> int:
    """Run `python -m wavegan ARGUMENTS` in `processes` processes; returns the exit code.

    Ctrl-C reaches the processes by themselves; here it is only waited for them to save.
    """
    command = [
        *(sys.executable, "-m", "torch.distributed.run"),
        *("--standalone", "--nproc_per_node", str(processes), "--module", "wavegan"),
        *arguments,
    ]
    threads = max(1, (os.cpu_count() or 1) // processes)
    environment = {
        **os.environ,
        "WAVEGAN_PROCESSES": str(processes),
        # unset, the launcher allows one thread a process and says so at length
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)),
        "TORCHELASTIC_ERROR_FILE": os.devnull,
    }
    process = subprocess.Popen(command, env=environment)
    received: list[int] = []

    def forward(number: int, _frame: object) -> None:
        received.append(number)
        if number == signal.SIGTERM:
            process.terminate()

    previous = {
        number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        code = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 128 + received[0] if received else code
