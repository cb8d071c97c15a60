"""Conditions: what is known about a batch apart from its audio, as tensors by name.

The set of names is open. A task may add its own (degraded audio, a second domain, a mask); they
are passed from the clip reader to `Task.generate` in the same way.
"""

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

Conditions = Mapping[str, Tensor]
"""Tensors of one batch with B as first dimension, or of one clip without that dimension."""

NO_CONDITION: Conditions = MappingProxyType({})

MEL = "mel"
"""`(B, n_mels, L)` float32, a TTS model's mel of the same stretch of audio."""
LABEL = "label"
"""`(B,)` int64, the clips' labels."""
NUMBER = "number"
"""`(B,)` int64, the number of each sample since the start of training."""
