"""Compare sets of made clips with real clips, unpaired, in any embedding."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from wavegan import plugins
from wavegan.data.manifest import Manifest
from wavegan.data.scan import scan
from wavegan.embeddings.base import Embedding
from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError
from wavegan.evaluation.embedded_set import Embedder, Note, Progress
from wavegan.evaluation.held_out import read_held_out
from wavegan.evaluation.set_comparison import SetComparison, embed_sets, note_missing
from wavegan.evaluation.set_result import BASELINES, SetEvaluation
from wavegan.machine import machine, versions

DEFAULT = ("frechet", "frechet_infinity", "diversity", "ndb", "js", "nearest_neighbour")
LONGEST = 10.0
"""Seconds of a clip that an embedding receives at most."""
COVERED = 0.95
"""Share of the real clips that it receives whole."""
NOTE = (
    "The Fréchet distance, NDB and JS grow as sets shrink: every set is dealt into parts of one "
    "size, and each part is compared with the same real clips. The row of real clips is {baseline}:"
    " the best that can be hoped for. Compare with other numbers only at the same N and embedding."
)


def compare_sets(
    real: Path,
    sets: Mapping[str, Path],
    *,
    embedding: str = "mel_statistics",
    metrics: Sequence[str] | None = None,
    held_out: Path | Sequence[str] | None = None,
    device: torch.device | None = None,
    note: Note = lambda _: None,
    progress: Progress = lambda _name, _done, _all: None,
) -> SetEvaluation:
    """Compare folders of made clips with a folder of real ones, without pairing them.

    How real clips are split and sets are dealt into parts: `set_comparison`.

    Args:
        real: folder of real clips.
        sets: by name, folders of made ones.
        embedding: name or `package.module:Class` of one that takes no options, or a judge's folder
            (`wavegan judge train`).
        metrics: names of set metrics; None is all.
        held_out: real clips that were not trained on: a folder, a list, or paths within `real`.
            None: those that the judge was not trained on; for other embeddings there are none.
        device: where the embedding computes; None is the CPU.
        note: called with each line for the user.
        progress: called with (set, done, all) clips.

    Raises:
        UserError: too few usable clips (2 in a set, 4 real ones), or an unknown name.
    """
    built = {key: plugins.find("set_metrics", key, own=True)() for key in set_metric_names(metrics)}
    manifest = scan(real)
    network, samples = _embedding(embedding, manifest, device or torch.device("cpu"))
    if held_out is None:
        held_out = read_held_out(Path(embedding)) if Path(embedding).is_dir() else ()
    compared = embed_sets(Embedder(network, samples, note, progress), manifest, sets, held_out)
    rows, baseline = compared.rows(built), compared.baseline_row(built)
    note_missing((*rows, baseline), note)
    settings = {
        "real": str(real),
        "systems": {name: {"folder": str(path)} for name, path in sets.items()},
        "embedding": {
            "name": embedding,
            "sample_rate": network.sample_rate,
            "seconds": samples / network.sample_rate,
            "dimensions": compared.real.every.vectors.shape[1],
        },
        **_counts(compared),
        "versions": versions(),
        "machine": machine(),
    }
    higher = {key: metric.higher_is_better for key, metric in built.items()}
    return SetEvaluation(higher, rows, baseline, compared.left_out, settings)


def _counts(compared: SetComparison) -> dict[str, Any]:
    """What was compared with what, for JSON."""
    real = compared.real
    reference, baseline = len(real.reference), len(real.baseline)
    return {
        "clips": {
            "real": reference + baseline,
            "reference": reference,
            "baseline": baseline,
            "part": compared.part,
            "real_half": reference,  # an earlier name
        },
        "baseline": real.name,
        "note": NOTE.format(baseline=BASELINES[real.name]),
    }


def set_metric_names(asked: Sequence[str] | None) -> list[str]:
    """Return the names of the set metrics to compute.

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
    """The embedding, and how many samples of a clip it receives."""
    if Path(name).is_dir():
        judge = Classifier.load(Path(name)).to(device)
        return judge, judge.samples
    cls = plugins.find("embeddings", name, own=True)
    if cls is Classifier:
        raise UserError("--embedding classifier: give the folder that `wavegan judge train` wrote")
    rates = Counter(clip.sample_rate for clip in real.clips)
    rate = max(rates, key=lambda each: (rates[each], each))
    network: Embedding = plugins.build(
        "embeddings", name, {}, where="embedding", context={"sample_rate": rate}, own=True
    )
    lengths = sorted(clip.seconds for clip in real.clips)
    covered = lengths[min(len(lengths) - 1, int(COVERED * len(lengths)))]
    return network.eval().to(device), round(min(LONGEST, covered) * network.sample_rate)
