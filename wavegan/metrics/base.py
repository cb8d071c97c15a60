"""What every metric is: a number over an estimate and its reference."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from wavegan.own_settings import own_settings


class Metric(ABC):
    """Base of the metrics of one clip; the file's name is the metric's key in tables and JSON.

    Attributes:
        label: heading of its column, with the arrow of what is good: "PESQ-wb ↑".
        unit: of its values: "MOS-LQO", "nepers", "dB", "cents"; "" for a pure number.
        higher_is_better: which direction is good.
        needs_reference: whether it compares; a metric that judges a clip alone is given its
            reference too and leaves it aside.
        any_length: whether it finds out itself which moment belongs to which, so that the two
            clips' lengths may differ freely.
    """

    label: str
    unit: str = ""
    higher_is_better: bool = False
    needs_reference: bool = True
    any_length: bool = False

    def __init_subclass__(cls) -> None:
        """What is compared must not depend on what the caller has set for torch."""
        super().__init_subclass__()
        if "__call__" in vars(cls):
            cls.__call__ = own_settings()(vars(cls)["__call__"])  # type: ignore[method-assign]

    @property
    def settings(self) -> dict[str, Any]:
        """What its numbers depend on beside the clips, as JSON takes it: rates, sizes, versions."""
        return {}

    @abstractmethod
    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`, both at `sample_rate` Hz and in [-1, 1].

        NaN where the metric is undefined for this clip (say, no voiced frame): it is left out of
        means, and counted.
        """
