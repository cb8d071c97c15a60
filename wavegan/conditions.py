"""What is known of a batch beside its audio, by name.

The names are open: a task may bring its own (degraded audio, a second domain, a mask), which then
travel from the reader of clips to `Task.generate` as these do.
"""

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

Conditions = Mapping[str, Tensor]
"""Tensors of one batch, whose first dimension is B; of one clip, without that dimension."""

NO_CONDITION: Conditions = MappingProxyType({})

MEL = "mel"
"""`(B, n_mels, L)` float32, what a TTS model made of the same stretch of audio."""
LABEL = "label"
"""`(B,)` int64, the clips' labels."""
NUMBER = "number"
"""`(B,)` int64, the number of each sample since the start of training."""
