"""Labels: checking them, and what they change in a network.

Sources: Perez et al. 2018, "FiLM" (arXiv 1709.07871), scale and shift; Karras et al. 2018,
"Progressive Growing of GANs" (arXiv 1710.10196), normalisation over channels alone; Miyato and
Koyama 2018, "cGANs with Projection Discriminator" (arXiv 1802.05637), the projection.
"""

import torch
from torch import Tensor, nn

from wavegan.errors import UserError


def check_labels(label: Tensor | None, n_labels: int, batch: int) -> Tensor | None:
    """The labels of a batch, once it is sure that the network knows them.

    Args:
        label: what was given.
        n_labels: K, how many labels the network knows.
        batch: B, how many clips there are.

    Returns:
        `(B,)` int64, or None where K is 0, whatever was given.

    Raises:
        UserError: K is above 0 and the labels are missing, not `(B,)`, no whole numbers, or not
            in 0..K-1.
    """
    if n_labels == 0:
        return None
    wanted = f"give {batch} of 0 to {n_labels - 1}, one for each clip"
    if label is None:
        raise UserError(f"label is missing: the network knows {n_labels} labels, {wanted}")
    if label.shape != (batch,):
        raise UserError(f"label has the shape {tuple(label.shape)}: {wanted}")
    if label.is_floating_point() or label.is_complex() or label.dtype is torch.bool:
        raise UserError(f"label holds {str(label.dtype).removeprefix('torch.')}: {wanted}")
    strange = label[(label < 0) | (label >= n_labels)]
    if len(strange):
        raise UserError(f"label {int(strange[0])} is not known: {wanted}")
    return label.long()


class ConditionalNorm(nn.Module):
    """Makes each position's channels unit in mean square, then scales and shifts them by label.

    It looks at one position at a time, never along time: so a clip's volume over time survives,
    and maps of any length, walks and loops get what a single clip gets. Nothing depends on the
    rest of the batch.

    Args:
        channels: C.
        n_labels: K; each has its own C scales, 1 at the start, and shifts, 0 at the start.

    Shape: `(B, C, L)` and labels `(B,)` to `(B, C, L)`.
    """

    def __init__(self, channels: int, n_labels: int) -> None:
        super().__init__()
        self.scale = nn.Embedding(n_labels, channels)
        self.shift = nn.Embedding(n_labels, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Normalise `(B, C, L)`, in float32, then scale and shift it as `label` says."""
        wide = x.float()
        unit = wide * torch.rsqrt(wide.square().mean(1, keepdim=True) + 1e-8)
        made = unit * self.scale(label).unsqueeze(-1) + self.shift(label).unsqueeze(-1)
        conditioned: Tensor = made.to(x.dtype)
        return conditioned


class LabelProjection(nn.Module):
    """The inner product of a clip's features with a learned vector of its label.

    Args:
        features: F, how many a clip has.
        n_labels: K.

    Shape: `(B, F)` and labels `(B,)` to `(B, 1)`.
    """

    def __init__(self, features: int, n_labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_labels, features)
        # as large as a dense layer's weights: logits must not drown in it
        nn.init.normal_(self.embedding.weight, std=features**-0.5)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """What `label` adds to the logits of `(B, F)`."""
        added: Tensor = (features * self.embedding(label)).sum(1, keepdim=True)
        return added
