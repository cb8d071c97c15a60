"""Base class of metrics: a number for an estimate and its reference."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from wavegan.own_settings import own_settings


class Metric(ABC):
    """Base class of metrics of one clip; the file name is the metric's key in tables and JSON.

    Attributes:
        label: column heading, with an arrow in the direction of better values: "PESQ-wb ↑".
        unit: unit of its values: "MOS-LQO", "nepers", "dB", "cents"; "" for a pure number.
        higher_is_better: whether higher values are better.
        needs_reference: whether it uses the reference; metrics without a reference also receive it
            and ignore it.
        any_length: whether it aligns the clips itself, so their lengths may differ freely.
    """

    label: str
    unit: str = ""
    higher_is_better: bool = False
    needs_reference: bool = True
    any_length: bool = False

    def __init_subclass__(cls) -> None:
        """Make `__call__` independent of the caller's torch settings."""
        super().__init_subclass__()
        if "__call__" in vars(cls):
            cls.__call__ = own_settings()(vars(cls)["__call__"])  # type: ignore[method-assign]

    @property
    def settings(self) -> dict[str, Any]:
        """Everything besides the clips that affects its values, for JSON: rates, versions, …."""
        return {}

    @abstractmethod
    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`, both at `sample_rate` Hz and in [-1, 1].

        NaN if the metric is undefined for this clip (such as no voiced frame); such clips are left
        out of means and counted.
        """
