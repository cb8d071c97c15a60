"""Metrics of a classifier's predictions for one set of clips.

They are no `SetMetric`: they take class probabilities `(N, K)` of one set, not two sets of
embeddings.
"""

import torch
from torch import Tensor

from wavegan.counted import counted
from wavegan.errors import UserError

SEED = 0


def inception_score(probabilities: Tensor, splits: int = 10) -> tuple[float, float]:
    """Return mean and deviation of the Inception Score (Salimans et al. 2016, arXiv:1606.03498).

        exp(mean_x KL(p(y|x) || p(y))),   p(y) the mean of p(y|x) over the clips

    From 1 (the same prediction for every clip) to K (certain predictions, all labels equally
    often). It does not use real clips: one perfect clip of each label gets the best score. A fixed
    shuffle deals the clips evenly into `splits`, as a folder may be sorted by label. The score is
    the mean over the splits. Small splits score lower.

    Args:
        probabilities: `(N, K)`, rows that sum to 1.
        splits: the number of parts; the paper has 10 of 5000 clips.

    Returns:
        The mean over the splits and its population standard deviation (0 for a single one).

    Raises:
        UserError: fewer clips than splits, or rows are no probabilities.
    """
    probabilities = _checked(probabilities)
    if not 1 <= splits <= len(probabilities):
        raise UserError(
            f"splits is {splits} for {counted(len(probabilities), 'clip')}: give 1 to that number"
        )
    order = torch.randperm(len(probabilities), generator=torch.Generator().manual_seed(SEED))
    scores = torch.stack([_score(part) for part in probabilities[order].tensor_split(splits)])
    return float(scores.mean()), float(scores.std(correction=0))


def label_accuracy(probabilities: Tensor, label: Tensor) -> float:
    """Return the share of clips that are classified as the label they were made for.

    Args:
        probabilities: `(N, K)`.
        label: `(N,)` int64 in 0..K-1.

    Raises:
        UserError: no clips, or the number of labels is another one.
    """
    probabilities = _checked(probabilities)
    if label.shape != probabilities.shape[:1]:
        clips = counted(len(probabilities), "clip")
        raise UserError(f"{counted(label.numel(), 'label')} for {clips}: give one for each")
    return float((probabilities.argmax(1) == label.cpu()).double().mean())


def _score(part: Tensor) -> Tensor:
    marginal = part.mean(0, keepdim=True)
    # a label of probability 0 for all clips of the part adds 0 ln 0 = 0, not 0 ln(0 / 0)
    return torch.xlogy(part, part / marginal.clamp(min=1e-300)).sum(1).mean().exp()


def _checked(probabilities: Tensor) -> Tensor:
    if probabilities.dim() != 2 or not probabilities.numel():
        raise UserError(
            f"class probabilities are (clips, labels); got {tuple(probabilities.shape)}"
        )
    found = probabilities.detach().double().cpu()
    sums = found.sum(1)
    if not bool((found >= 0).all()) or not torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
        raise UserError("class probabilities must be 0 or more and sum to 1 for each clip")
    return found
