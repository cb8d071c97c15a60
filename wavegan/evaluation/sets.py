"""Unpaired sets: how far made clips lie from real ones, as wholes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from wavegan import plugins
from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.pairs import LeftOut
from wavegan.data.scan import scan
from wavegan.embeddings.base import Embedding
from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError
from wavegan.evaluation import notes
from wavegan.evaluation.set_result import MeanOverParts, SetEvaluation, SetRow
from wavegan.machine import machine, versions
from wavegan.set_metrics.base import SetMetric

DEFAULT = ("frechet", "frechet_infinity", "diversity", "ndb", "js", "nearest_neighbour")
ANY_SIZE = frozenset(("diversity", "frechet_infinity", "nearest_neighbour"))
"""Figures without a bias from the number of clips: made of all of them, against all real ones."""
Note = Callable[[str], None]
Progress = Callable[[str, int, int], None]

MOST_PARTS = 10
SEED = 0
BATCH = 32
LONGEST = 10.0
COVERED = 0.95
NOTE = (
    "The Fréchet distance, NDB and JS grow as sets shrink: every set is dealt into parts of one "
    "size, and each part compared with the same half of the real clips. The row of real clips is "
    "what the other half gives: the best that can be hoped for. Compare with other numbers only at "
    "the same N and embedding."
)


def compare_sets(
    real: Path,
    sets: Mapping[str, Path],
    *,
    embedding: str = "mel_statistics",
    metrics: Sequence[str] | None = None,
    device: torch.device | None = None,
    note: Note = lambda _: None,
    progress: Progress = lambda _name, _done, _all: None,
) -> SetEvaluation:
    """Compare folders of made clips with a folder of real ones, clip by clip unpaired.

    The real clips are halved by a fixed shuffle; every set is dealt into parts no larger than
    half of the real clips or the smallest set (ten parts at most), and each part is compared with
    the first half. Diversity, nearest neighbours and the extrapolated Fréchet distance have no
    bias from the size, so they are of whole sets against all real clips.

    Args:
        real: folder of real clips.
        sets: by name, folders of made ones.
        embedding: name or `package.module:Class` of one that takes no options, or the folder of a
            classifier (`wavegan judge train`).
        metrics: names of set metrics; None is all.
        device: where the embedding computes; None is the CPU.
        note: is told what is left out.
        progress: called with (set, done, all) clips.

    Raises:
        UserError: a folder with fewer than 4 (real) or 2 usable clips, an unknown name.
    """
    built = {key: plugins.find("set_metrics", key, own=True)() for key in set_metric_names(metrics)}
    manifest = scan(real)
    listener, samples = _embedding(embedding, manifest, device or torch.device("cpu"))
    heard = partial(_heard, listener, samples, note, progress)
    whole, unusable = heard("real", manifest, least=4)
    made, left_out = {}, unusable
    for name, folder in sets.items():
        made[name], unusable = heard(name, scan(folder, keep_own=True), least=2)
        left_out = (*left_out, *unusable)
    first, second = _halves(whole)
    part = min(len(second), *map(len, made.values()))
    rows = tuple(_row(name, built, each, whole, first, part) for name, each in made.items())
    # halves among themselves, as half of the clips are not all of them
    floor = _row("real halves", built, second, first, first, part)
    for key, figure in rows[0].figures.items():
        if figure.reason:
            note(f"{key}: not made: {figure.reason}")
    settings = {
        "real": str(real),
        "systems": {name: {"folder": str(path)} for name, path in sets.items()},
        "embedding": {"name": embedding, **_described(listener, samples, whole)},
        "clips": {"real": len(whole), "real_half": len(first), "part": part},
        "note": NOTE,
        "versions": versions(),
        "machine": machine(),
    }
    higher = {key: metric.higher_is_better for key, metric in built.items()}
    return SetEvaluation(higher, rows, floor, left_out, settings)


def _described(listener: Embedding, samples: int, clips: Tensor) -> dict[str, Any]:
    return {
        "sample_rate": listener.sample_rate,
        "seconds": samples / listener.sample_rate,
        "dimensions": clips.shape[1],
    }


def set_metric_names(asked: Sequence[str] | None) -> list[str]:
    """The set metrics that are computed.

    Raises:
        UserError: there is no such set metric.
    """
    if asked is None:
        return [name for name in DEFAULT if name in plugins.names("set_metrics")]
    keys = list(dict.fromkeys(key.strip().removeprefix("+") for key in asked if key.strip()))
    for key in keys:
        plugins.find("set_metrics", key, own=True)
    return keys


def _embedding(name: str, real: Manifest, device: torch.device) -> tuple[Embedding, int]:
    """The embedding, and how many samples of a clip it hears."""
    if Path(name).is_dir():
        judge = Classifier.load(Path(name)).to(device)
        return judge, judge.samples
    cls = plugins.find("embeddings", name, own=True)
    if cls is Classifier:
        raise UserError("--embedding classifier: give the folder that `wavegan judge train` wrote")
    rates = Counter(clip.sample_rate for clip in real.clips)
    rate = max(rates, key=lambda each: (rates[each], each))
    listener: Embedding = plugins.build(
        "embeddings", name, {}, where="embedding", context={"sample_rate": rate}, own=True
    )
    lengths = sorted(clip.seconds for clip in real.clips)
    covered = lengths[min(len(lengths) - 1, int(COVERED * len(lengths)))]
    own_rate = listener.sample_rate
    return listener.eval().to(device), round(min(LONGEST, covered) * own_rate)


@torch.no_grad()
def _heard(
    listener: Embedding,
    samples: int,
    note: Note,
    progress: Progress,
    name: str,
    manifest: Manifest,
    least: int,
) -> tuple[Tensor, tuple[LeftOut, ...]]:
    """Describe the beginning of every clip: `(N, D)`; short ones are padded with silence."""
    for line in manifest.passed_over:
        note(f"{name}: {line}")
    left_out = [LeftOut(name, printable(each.path), each.reason) for each in manifest.rejected]
    device = next((b.device for b in (*listener.parameters(), *listener.buffers())), None)
    vectors = []
    for start in range(0, len(manifest.clips), BATCH):
        batch = []
        for clip in manifest.clips[start : start + BATCH]:
            try:
                batch.append(_read(clip, manifest.root, listener.sample_rate, samples))
            except (UserError, OSError) as error:
                left_out.append(LeftOut(name, printable(clip.path), str(error)))
        if batch:
            vectors.append(listener(torch.stack(batch).to(device)).cpu())
        progress(name, min(start + BATCH, len(manifest.clips)), len(manifest.clips))
    notes.left_out(left_out, note)
    count = sum(map(len, vectors))
    if count < least:
        raise UserError(f"{name}: {count} usable clips: give {least} or more")
    return torch.cat(vectors), tuple(left_out)


def _read(clip: Clip, root: Path, rate: int, samples: int) -> Tensor:
    audio = reading.crop(clip, root, rate, start=0, frames=samples)
    return pad(audio, (0, samples - audio.shape[-1]))


def _halves(clips: Tensor) -> tuple[Tensor, Tensor]:
    order = _shuffled(len(clips))
    middle = (len(clips) + 1) // 2
    return clips[order[:middle]], clips[order[middle:]]


def _shuffled(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(SEED))


def _row(
    name: str,
    metrics: Mapping[str, SetMetric],
    clips: Tensor,
    whole: Tensor,
    half: Tensor,
    part: int,
) -> SetRow:
    order = _shuffled(len(clips))
    count = min(MOST_PARTS, len(clips) // part)
    parts = [clips[order[n * part : (n + 1) * part]] for n in range(count)]
    figures = {}
    for key, metric in metrics.items():
        compared = ([clips], whole) if key in ANY_SIZE else (parts, half)
        figures[key] = _figure(metric, *compared)
    return SetRow(name, len(clips), figures)


def _figure(metric: SetMetric, parts: Sequence[Tensor], real: Tensor) -> MeanOverParts:
    try:
        values = [metric(each, real) for each in parts]
    except UserError as error:
        return MeanOverParts(float("nan"), None, len(parts[0]), len(parts), str(error))
    deviation = pstdev(values) if len(values) > 1 else None
    return MeanOverParts(fmean(values), deviation, len(parts[0]), len(parts))
