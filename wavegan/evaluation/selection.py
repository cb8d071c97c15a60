"""Which metrics are computed: the usual ones that are installed, or those asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wavegan import plugins
from wavegan.errors import UserError
from wavegan.metrics.base import Metric

DEFAULT = (
    "log_mel_l1",
    "mrstft",
    "lsd",
    "mcd",
    "f0_rmse",
    "f0_corr",
    "vuv_f1",
    "periodicity_rmse",
    "loudness",
    "pesq_wb",
    "stoi",
)
BEFORE_MATCHING = frozenset(("loudness",))
"""Metrics that see clips as they are: a matched gain would leave them nothing to measure."""


@dataclass(frozen=True)
class Column:
    """What a table and JSON say of a metric.

    Attributes:
        label: heading, with the arrow of what is good.
        unit: of its values, or "".
        higher_is_better: which direction is good.
        settings: what its numbers depend on.
    """

    label: str
    unit: str
    higher_is_better: bool
    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "label": self.label,
            "unit": self.unit,
            "higher_is_better": self.higher_is_better,
            **({"settings": self.settings} if self.settings else {}),
        }


def choose(asked: Sequence[str] | None, note: Callable[[str], None]) -> dict[str, Column]:
    """Say which metrics can and shall be computed.

    Args:
        asked: keys, or `package.module:Class`; `+key` adds to the usual ones. None is the usual
            ones, those whose packages are installed; `note` is told of the others.
        note: is told what is left out, and how to get it.

    Raises:
        UserError: a key that there is not, or a metric asked for whose package is missing.
    """
    asked = [key.strip() for key in asked or () if key.strip()]
    wanted = dict.fromkeys(key.removeprefix("+") for key in asked)
    for key in wanted:
        plugins.find("metrics", key, own=True)
    columns = {key: column(build_metric(key)) for key in wanted}
    if all(key.startswith("+") for key in asked):
        usual = {key: found for key in DEFAULT if (found := _if_installed(key, note))}
        columns = {**usual, **columns}
    if not columns:
        raise UserError('no metric can be computed: run pip install "wavegan[metrics]"')
    return columns


def build_metric(key: str) -> Metric:
    """Construct a metric with its usual options.

    Raises:
        UserError: there is none, its package is missing, or it needs options.
    """
    cls = plugins.find("metrics", key, own=True)
    try:
        metric: Metric = cls()
    except TypeError as error:
        raise UserError(f"metric {key}: it must work without options: {error}") from None
    return metric


def column(metric: Metric) -> Column:
    """What is said of a metric."""
    return Column(metric.label, metric.unit, metric.higher_is_better, metric.settings)


def _if_installed(key: str, note: Callable[[str], None]) -> Column | None:
    try:
        return column(build_metric(key))
    except UserError as error:
        note(f"left out: {error}")
        return None
