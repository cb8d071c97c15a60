"""Two processes skip the same steps as one, although only one of them has the clip."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from wavegan.audio import io

REPO = Path(__file__).resolve().parents[2]
RATE, BAD, STEPS = 22050, "bad.wav", 10
OWN = '''
    """A loss, or a penalty, that is NaN for a batch with a clip of positive mean."""

    from wavegan.losses.base import Loss
    from wavegan.penalties import Penalty


    def factor(real):
        return float("nan") if bool((real.mean(-1) > 0.2).any()) else 1.0


    class Breaks(Loss):
        def forward(self, estimate, reference):
            return (estimate - reference).abs().mean() * factor(reference)


    class BreaksD(Penalty):
        def __call__(self, discriminator, real, fake):
            return discriminator(real)[0].logits.square().mean() * factor(real)
'''
SCRIPT = '''
    """Trains, and writes down what this process has in the end."""

    import hashlib
    import json
    import os
    import sys
    from pathlib import Path

    from wavegan import recipe
    from wavegan.cli.console import Silent
    from wavegan.training import setup
    from wavegan.interrupt import Interrupt

    run = Path(sys.argv[1])
    wanted = recipe.load(sys.argv[2], sys.argv[3:])
    trainer = setup.prepare(wanted, run, device="cpu", trust_code=True, listener=Silent())
    trainer.train(Interrupt())
    state, digest = trainer.train_state, hashlib.sha256()
    for network in (*state.networks.values(), state.ema):
        for value in network.state_dict().values():
            digest.update(value.numpy().tobytes())
    for optimizer in state.optimizers.values():
        for moments in optimizer.state.values():
            for value in moments.values():
                digest.update(value.numpy().tobytes())
    progress = state.progress
    content = [digest.hexdigest(), progress.skipped, progress.streaks]
    run.with_name(f"{run.name}-{os.environ.get('RANK', '0')}.json").write_text(json.dumps(content))
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips, the script and what breaks."""
    folder, random = tmp_path_factory.mktemp("skips"), np.random.default_rng(0)
    (folder / "clips").mkdir()
    for number in range(8):
        wave = 0.3 * random.standard_normal((1, 3000)).clip(-3, 3).astype(np.float32)
        name, wave = (BAD, wave / 4 + 0.6) if number == 5 else (f"good{number}.wav", wave)
        io.write(folder / "clips" / name, wave, RATE)
    (folder / "breaks_here.py").write_text(dedent(OWN))
    (folder / "script.py").write_text(dedent(SCRIPT))
    return folder


def trained(place: Path, name: str, processes: int, small: str, own: str) -> list[Any]:
    """The final state of each process."""
    run = place / name
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("WAVEGAN", "RANK", "WORLD"))}
    words = ("data.validation=0", f"training.steps={STEPS}", f"data.folder={place / 'clips'}", own)
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes))
    ended = subprocess.run(
        [sys.executable, *torchrun, str(place / "script.py"), str(run), small, *words],
        env={
            **clean,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join((str(REPO), str(place))),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = (place / f"{name}-{rank}.json" for rank in range(processes))
    return [json.loads(file.read_text()) for file in found]


def skips(run: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == "skip"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "own", "term"),
    [
        ("generator", "losses.own={name: 'breaks_here:Breaks'}", "generator/own"),
        ("discriminator", "penalties.own={name: 'breaks_here:BreaksD'}", "discriminator/own"),
    ],
)
def test_both_leave_the_same_steps_out(
    network: str, own: str, term: str, place: Path, small: str
) -> None:
    (alone,) = trained(place, f"one-{network}", 1, small, own)
    first, second = trained(place, f"two-{network}", 2, small, own)
    assert first == second  # weights, averages, moments and counts, bit for bit
    assert first[1:] == alone[1:]
    one, two = (skips(place / f"{many}-{network}") for many in ("one", "two"))
    assert 1 <= len(two) < STEPS
    assert [line["step"] for line in two] == [line["step"] for line in one]
    sides = set()
    for line, other in zip(two, one, strict=True):
        assert (line["networks"], line["guilty"]) == ([network], [BAD])
        assert line["terms"][0] == term
        assert line["total"] == other["total"]
        ours, theirs = (
            json.loads((place / f"{many}-{network}" / line["file"]).read_text())["clips"]
            for many in ("two", "one")
        )
        assert ours == theirs  # those of both processes, the first one's before the second one's
        sides |= {number // 2 for number, clip in enumerate(ours) if clip["path"] == BAD}
    assert sides == {0, 1}  # it was the first one's and the second one's to have it
