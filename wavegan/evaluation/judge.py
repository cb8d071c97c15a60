"""Compare sets of made clips with real clips in a judge's embedding, and classify them."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import torch

from wavegan import plugins
from wavegan.data.manifest import Clip
from wavegan.data.scan import scan
from wavegan.embeddings.classifier import Classifier
from wavegan.evaluation.embedded_set import EmbeddedSet, Embedder, Note, Progress
from wavegan.evaluation.judge_result import Kind, ScoreOverParts, SetScore, SetScores
from wavegan.evaluation.set_comparison import MOST_PARTS, embed_sets, note_missing
from wavegan.evaluation.set_result import SetRow
from wavegan.set_metrics._predictions import inception_score, label_accuracy

METRICS = ("frechet", "diversity", "nearest_neighbour", "ndb", "js")
LEAST_SCORED = 100
"""Clips in a part that the Inception Score is computed of, where a part of the sets is larger."""


def score(
    judge: Classifier,
    sets: Mapping[str, Path],
    *,
    real: Path,
    held_out: Path | Sequence[str] = (),
    note: Note = lambda _: None,
    progress: Progress = lambda _name, _done, _all: None,
) -> SetScores:
    """Compare folders of clips with the real clips, and say what the judge takes them for.

    The Fréchet distance, NDB, JS, diversity and nearest neighbours are those of
    `sets.compare_sets` with the judge as embedding (`set_comparison` defines them). The Inception
    Score is the mean over parts of one size for all sets, as it depends on the size; label
    accuracy is of all clips.

    Args:
        judge: trained on the real clips (`training.classifier`).
        sets: by name, folders of generated clips. A clip's label is the name of its folder, or
            what its file name begins with: `kick_12.wav`.
        real: folder of the clips that were trained on.
        held_out: folder of real clips that were not, a list of them, or their paths within `real`.
        note: called with each line for the user.
        progress: called with (set, done, all) clips.

    Raises:
        UserError: a folder holds no clips, or too few.
    """
    metrics = {key: plugins.find("set_metrics", key)() for key in METRICS}
    compared = embed_sets(
        Embedder(judge, judge.samples, note, progress), scan(real), sets, held_out
    )
    split, part = compared.real, compared.part
    scored = part // max(1, min(MOST_PARTS, part // LEAST_SCORED))
    made = compared.rows(metrics)
    figures = (*made, compared.baseline_row(metrics), compared.real_row(metrics))
    note_missing(figures, note)
    kinds: list[Kind] = ["made"] * len(made)
    kinds += [split.name, "real"]
    clips = (*compared.made.values(), split.baseline, split.every)
    rows = tuple(_scored(judge, *each, scored) for each in zip(figures, kinds, clips, strict=True))
    return SetScores(rows, part, len(split.reference), scored, compared.left_out)


@torch.no_grad()
def _scored(judge: Classifier, row: SetRow, kind: Kind, clips: EmbeddedSet, part: int) -> SetScore:
    device = next(judge.parameters()).device
    probabilities = judge.guess(clips.vectors.to(device)).double().softmax(1).cpu()
    label = torch.tensor([label_of(clip, judge.labels) for clip in clips.clips])
    known = label >= 0
    accuracy = None
    if bool(known.any()):
        accuracy = ScoreOverParts(label_accuracy(probabilities[known], label[known]))
    splits = max(1, len(clips) // part)
    mean, deviation = inception_score(probabilities, splits)
    figures = {key: ScoreOverParts(f.mean, f.deviation) for key, f in row.figures.items()}
    return SetScore(
        name=row.name,
        kind=kind,
        clips=row.clips,
        inception_score=ScoreOverParts(mean, deviation if splits > 1 else None),
        label_accuracy=accuracy,
        **figures,
    )


def label_of(clip: Clip, labels: Sequence[str]) -> int:
    """The label of a clip by its folder, else by its file's name; -1 if it has none."""
    if clip.label in labels:
        return labels.index(clip.label)
    stem = PurePosixPath(clip.path).stem
    # hat_open_3 has the label hat_open, even if there is a label hat
    fitting = [label for label in labels if stem == label or stem.startswith(f"{label}_")]
    return labels.index(max(fitting, key=len)) if fitting else -1
