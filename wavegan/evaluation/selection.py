"""Choose the metrics: the default ones that are installed, or those asked for."""

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
"""Metrics of clips without matched gain, which would leave them nothing to measure."""


@dataclass(frozen=True)
class Column:
    """How a metric is shown in tables and JSON.

    Attributes:
        label: heading, with an arrow in the good direction.
        unit: of its values, or "".
        higher_is_better: which direction is good.
        settings: what its numbers depend on.
    """

    label: str
    unit: str
    higher_is_better: bool
    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        return {
            "label": self.label,
            "unit": self.unit,
            "higher_is_better": self.higher_is_better,
            **({"settings": self.settings} if self.settings else {}),
        }


def choose(asked: Sequence[str] | None, note: Callable[[str], None]) -> dict[str, Column]:
    """Choose the metrics to compute.

    Args:
        asked: keys, or `package.module:Class`; `+key` adds to the default ones. None is the
            default ones that are installed.
        note: called for each default metric that is not installed, with the command to install it.

    Raises:
        UserError: an unknown key, or the package of a metric asked for is missing.
    """
    asked = [key.strip() for key in asked or () if key.strip()]
    wanted = dict.fromkeys(key.removeprefix("+") for key in asked)
    for key in wanted:
        plugins.find("metrics", key, own=True)
    columns = {key: column(build_metric(key)) for key in wanted}
    if all(key.startswith("+") for key in asked):
        default = {key: found for key in DEFAULT if (found := _if_installed(key, note))}
        columns = {**default, **columns}
    if not columns:
        raise UserError('no metric can be computed: run pip install "wavegan[metrics]"')
    return columns


def build_metric(key: str) -> Metric:
    """Construct a metric with its default options.

    Raises:
        UserError: it is unknown, its package is missing, or it needs options.
    """
    cls = plugins.find("metrics", key, own=True)
    try:
        metric: Metric = cls()
    except TypeError as error:
        raise UserError(f"metric {key}: it needs options: give them defaults: {error}") from None
    return metric


def column(metric: Metric) -> Column:
    """Describe a metric."""
    return Column(metric.label, metric.unit, metric.higher_is_better, metric.settings)


def _if_installed(key: str, note: Callable[[str], None]) -> Column | None:
    try:
        return column(build_metric(key))
    except UserError as error:
        note(f"left out: {error}")
        return None
