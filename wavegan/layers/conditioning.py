"""Conditioning on labels: check them, conditional normalisation, and projection.

Sources: Perez et al. 2018, "FiLM" (arXiv 1709.07871), scale and shift; Karras et al. 2018,
"Progressive Growing of GANs" (arXiv 1710.10196), normalisation over channels only; Miyato and
Koyama 2018, "cGANs with Projection Discriminator" (arXiv 1802.05637), the projection.
"""

import torch
from torch import Tensor, nn

from wavegan.errors import UserError


def check_labels(label: Tensor | None, n_labels: int, batch: int) -> Tensor | None:
    """Check the labels of a batch.

    Args:
        label: the labels.
        n_labels: K, number of labels that the network knows.
        batch: B, number of clips.

    Returns:
        `(B,)` int64; always None if K is 0.

    Raises:
        UserError: K is above 0 and the labels are missing, not `(B,)`, not whole numbers, or not
            in 0..K-1.
    """
    if n_labels == 0:
        return None
    wanted = f"give {batch} numbers from 0 to {n_labels - 1}, one per clip"
    if label is None:
        raise UserError(f"label is missing, but the network has {n_labels} labels: {wanted}")
    if label.shape != (batch,):
        raise UserError(f"label has shape {tuple(label.shape)}: {wanted}")
    if label.is_floating_point() or label.is_complex() or label.dtype is torch.bool:
        raise UserError(f"label holds {str(label.dtype).removeprefix('torch.')}: {wanted}")
    if torch.compiler.is_exporting():  # the graph is traced for any labels
        return label.long()
    strange = label[(label < 0) | (label >= n_labels)]
    if len(strange):
        raise UserError(f"label {int(strange[0])} is not known: {wanted}")
    return label.long()


class ConditionalNorm(nn.Module):
    """Normalises each position's channels to mean square 1, then scales and shifts them by label.

    Positions are normalised independently, not along time. So a clip's volume over time is kept,
    and maps of any length, walks and loops are treated like a single clip. The result does not
    depend on the rest of the batch.

    Args:
        channels: C.
        n_labels: K; each label has C scales (initially 1) and C shifts (initially 0).

    Shape: `(B, C, L)` and labels `(B,)` to `(B, C, L)`.
    """

    def __init__(self, channels: int, n_labels: int) -> None:
        super().__init__()
        self.scale = nn.Embedding(n_labels, channels)
        self.shift = nn.Embedding(n_labels, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Normalise `(B, C, L)` in float32, then scale and shift it by label."""
        wide = x.float()
        unit = wide * torch.rsqrt(wide.square().mean(1, keepdim=True) + 1e-8)
        scaled = unit * self.scale(label).unsqueeze(-1) + self.shift(label).unsqueeze(-1)
        conditioned: Tensor = scaled.to(x.dtype)
        return conditioned


class LabelProjection(nn.Module):
    """The inner product of a clip's features with a learned vector of its label.

    Args:
        features: F, number of features of a clip.
        n_labels: K.

    Shape: `(B, F)` and labels `(B,)` to `(B, 1)`.
    """

    def __init__(self, features: int, n_labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_labels, features)
        # the size of a dense layer's weights, so that the logits are not dominated by it
        nn.init.normal_(self.embedding.weight, std=features**-0.5)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """The term to add to the logits of features `(B, F)`."""
        added: Tensor = (features * self.embedding(label)).sum(1, keepdim=True)
        return added
