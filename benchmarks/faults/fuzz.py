"""Mutate untrusted files and read them: only a UserError or a result, within seconds.

python benchmarks/faults/fuzz.py --seconds 60

Each reader runs in a separate process. Prints a line of JSON for each: inputs tried, refused by a
UserError, read; other exceptions by their places, hangs (more than 10 s of computing), and the peak
of memory above that of reading an intact file.
"""

import argparse
import copy
import faulthandler
import io
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 10
"""Seconds of computing per input; `PATIENCE` times as many may pass on a busy machine."""
PATIENCE = 6
EXTREMES = (
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\0",
    b"\x80\0\0\0",
)


@dataclass(frozen=True)
class Reader:
    """A reader to test.

    Attributes:
        suffix: suffix of its files.
        seeds: makes intact files.
        read: reads one of them.
    """

    suffix: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]


class HangError(Exception):
    """An input took too long."""


def mutated(seed: bytes, rng: random.Random) -> bytes:
    """A few bytes flipped, overwritten by extremes, doubled or removed; sometimes cut short."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        # headers are at the front
        place = rng.randrange(min(len(data), rng.choice((64, 512, len(data)))))
        kind = rng.randrange(5)
        if kind == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place] = rng.randrange(256)
        elif kind == 2:
            extreme = rng.choice(EXTREMES)
            data[place : place + len(extreme)] = extreme
        elif kind == 3:
            data[place:place] = data[place : place + rng.randrange(1, 32)]
        else:
            del data[place : place + rng.randrange(1, 32)]
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data)


ODD = (None, True, 0, -1, 0.5, 1e308, 2**63, 10**30, "", "x", "\x1b[2J", "\ud800", [], {}, [[]],
       {"x": {}})  # fmt: skip


def changed(content: Any, rng: random.Random, odd: Sequence[Any] = ODD) -> Any:
    """Nested containers, one value or more of them replaced by one of another kind, or renamed."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        inner = content
        while isinstance(inner, dict | list) and inner:
            key = rng.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
            further = inner[key]
            if rng.random() < 0.3 or not isinstance(further, dict | list) or not further:
                if isinstance(inner, dict) and rng.random() < 0.2:
                    inner[rng.choice(("x", f"{key}x", "a\nb\x1b[2J"))] = inner.pop(key)
                else:
                    inner[key] = copy.deepcopy(rng.choice(odd))
                break
            inner = further
    return content


def changed_json(seed: bytes, rng: random.Random) -> bytes:
    """The same of a JSON text."""
    return json.dumps(changed(json.loads(seed), rng)).encode()


def audio_seeds(kind: str, subtype: str | None = None) -> list[bytes]:
    """A tenth of a second of noise, with tags where the format has them."""
    import numpy as np
    import soundfile

    wave = np.random.default_rng(0).uniform(-0.5, 0.5, 1600)
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", samplerate=16000, channels=1, format=kind, subtype=subtype
    ) as file:
        file.title = "a title"
        file.comment = '{"made_by": "wavegan"}'
        file.write(wave)
    return [buffer.getvalue()]


def read_audio(path: Path) -> object:
    """Its samples, and its tags."""
    from wavegan.audio import io as audio

    audio.probe(path)
    return audio.read(path)


def mel_seeds(kind: str) -> list[bytes]:
    """A mel of 80 bands and 10 frames."""
    import numpy as np
    import torch

    buffer, mel = io.BytesIO(), np.zeros((80, 10), np.float32)
    if kind == "npy":
        np.save(buffer, mel)
    elif kind == "npz":
        np.savez(buffer, mel=mel)
    else:
        torch.save({"mel": torch.from_numpy(mel)}, buffer)
    return [buffer.getvalue()]


def read_mel(path: Path) -> object:
    """As `vocode` does."""
    from wavegan.mel import mel_file

    return mel_file.read(path, 80)


def result_seeds() -> list[bytes]:
    """A MUSHRA and an ABX result."""
    names = [{"name": n, "role": "system"} for n in ("ours", "theirs")]
    rated = {"ratings": [{"condition": n["name"], "rating": 50} for n in names]}
    reported = {"a": "ours", "b": "theirs", "x": "ours", "answer": "ours"}
    return [
        json.dumps(
            {
                "format": "wavegan listening results",
                "version": 1,
                "test": {"id": "t", "kind": kind, "title": "T", "trials": 1, "conditions": names},
                "listener": {"name": "ann", "session": "1"},
                "saved": "2026",
                "trials": [{"trial": 0, "clip": "c", "done": True, **answer}],
            }
        ).encode()
        for kind, answer in (("mushra", rated), ("abx", reported))
    ]


def read_result(path: Path) -> object:
    """As `listen --score` does."""
    from wavegan.listening import abx, mushra
    from wavegan.listening.results import collect

    collected = collect([path])
    return (abx.score if collected.test.kind == "abx" else mushra.score)(collected).to_dict()


def evaluation_seeds() -> list[bytes]:
    """What `evaluate --json` writes, short."""
    mean = {"mean": 0.5, "ci95": [0.4, 0.6], "n": 12}
    found = {"mean_difference": 0.1, "ci95": [0.0, 0.2], "p_holm": 0.04, "verdict": "better"}
    against = {"system": "a", "against": "b", "metrics": {"log_mel_l1": found}}
    content = {
        "systems": [{"name": n, "metrics": {"log_mel_l1": mean}} for n in "ab"],
        "floors": {"reference": {"metrics": {"log_mel_l1": mean}}},
        "comparisons": [against],
        "settings": {"align": True, "floors": {"reference": {}}},
        "left_out": [{"system": "a", "file": "f", "reason": "r"}],
    }
    return [json.dumps(content).encode()]


def read_evaluation(path: Path) -> object:
    """As `report` does."""
    from wavegan.reports import measure, tables

    return tables.evaluation(measure.read(path), path.name)


def read_list(path: Path) -> object:
    """As `data.train` and `--list` do."""
    from wavegan.data import file_list

    return file_list.files_of(path, "list", path.parent, ["a/b.wav", "c.wav", "a.wav"])


def word_seeds() -> list[bytes]:
    """KEY=VALUE words of all kinds."""
    words = "training.steps=10 mel.sample_rate=16000 data.labels=[a,b] generator.name=hifigan"
    more = "training.optimizer.betas=[0.9,0.99] losses.mel.weight=1e3 discriminators.mpd=null"
    return [word.encode() for word in (words + " " + more).split()]


def read_word(path: Path) -> object:
    """As `show` does."""
    from wavegan import recipe

    return recipe.load("tiny", [path.read_bytes().decode("utf-8", "surrogateescape")])


READERS = {
    "wav": Reader(".wav", lambda: audio_seeds("WAV") + audio_seeds("WAVEX"), read_audio),
    "flac": Reader(".flac", lambda: audio_seeds("FLAC"), read_audio),
    "ogg": Reader(".ogg", lambda: audio_seeds("OGG") + audio_seeds("OGG", "OPUS"), read_audio),
    "mp3": Reader(".mp3", lambda: audio_seeds("MP3"), read_audio),
    "aiff": Reader(".aiff", lambda: audio_seeds("AIFF"), read_audio),
    "npy": Reader(".npy", lambda: mel_seeds("npy"), read_mel),
    "npz": Reader(".npz", lambda: mel_seeds("npz"), read_mel),
    "pt": Reader(".pt", lambda: mel_seeds("pt"), read_mel),
    "result": Reader(".json", result_seeds, read_result),
    "evaluation": Reader(".json", evaluation_seeds, read_evaluation),
    "list": Reader(".txt", lambda: [b"a/b.wav\nc.wav|text\n# d\n", b'["a.wav"]'], read_list),
    "word": Reader(".word", word_seeds, read_word),
}


def inputs(reader: Reader, seed: int) -> Iterator[bytes]:
    """Mutated files without end; the same seed gives the same."""
    rng, whole = random.Random(seed), reader.seeds()
    while True:
        change = changed_json if reader.suffix == ".json" and rng.random() < 0.7 else mutated
        yield change(rng.choice(whole), rng)


def outcome(reader: Reader, file: Path, data: bytes) -> str:
    """The outcome of a file with this content; see `answer`."""
    file.write_bytes(data)
    return answer(lambda: reader.read(file))


def answer(read: Callable[[], object]) -> str:
    """Return "read", "refused", or the kind and place of a wrong exception."""
    from wavegan.errors import UserError

    try:
        read()
    except UserError as error:
        return "refused" if "\n" not in str(error) else f"several lines: {error}"
    except HangError:
        return "hang"
    except Exception as error:
        inside = [f for f in traceback.extract_tb(error.__traceback__) if "wavegan/" in f.filename]
        where = f"{Path(inside[-1].filename).name}:{inside[-1].lineno}" if inside else "fuzz.py"
        return f"{type(error).__name__} at {where}: {str(error)[:80]}"
    return "read"


def run(name: str, seconds: float, seed: int) -> dict[str, object]:
    """Fuzz one reader in this process."""
    reader = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"input{reader.suffix}"
        outcome(reader, file, reader.seeds()[0])
        tries = (outcome(reader, file, data) for data in inputs(reader, seed))
        return {"reader": name, **counted(tries, seconds)}


def counted(tries: Iterator[str], seconds: float) -> dict[str, object]:
    """Count the outcomes of tries until the time is over; tries are generated lazily."""

    def late(*_: object) -> None:
        raise HangError

    warnings.simplefilter("ignore")
    faulthandler.enable()
    found = Counter[str]()
    for ring in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(ring, late)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        signal.alarm(PATIENCE * LONGEST)
        found[next(tries)] += 1
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    known = {kind: found.pop(kind, 0) for kind in ("refused", "read", "hang")}
    total = sum(known.values()) + sum(found.values())
    return {"tried": total, **known, "foreign": dict(found), "peak_mb": peak // 1024}


def main() -> None:
    """Run each reader for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=READERS, help="one reader, in this process")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(run(given.only, given.seconds, given.seed)), flush=True)
        return
    for name in READERS:
        words = [sys.executable, __file__, "--only", name, "--seconds", str(given.seconds)]
        ended = subprocess.run([*words, "--seed", str(given.seed)], check=False)
        if ended.returncode:
            print(json.dumps({"reader": name, "died": ended.returncode}), flush=True)


if __name__ == "__main__":
    main()
