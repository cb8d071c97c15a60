"""Device and type of a model: any device; weights are always float32."""

from typing import TYPE_CHECKING, Generic, TypeVar

import torch
from torch import nn

from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.inference.caller_warning import warn_caller
from wavegan.inference.engine.engine import Engine
from wavegan.inference.engine.precision import Precision, check_device
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.own_settings import own_settings

if TYPE_CHECKING:
    from typing_extensions import Self

Network = TypeVar("Network", bound=Generator)


class Placed(Generic[Network]):
    """A model around one network, with its device and its type.

    Args:
        generator: the network. It is changed in place: frozen, weight norm folded, in float32.
        precision: see `Engine`; "auto" is float32 unless a subclass decides otherwise.
        compile: see `Engine`.

    Attributes:
        engine: runs the network.

    Raises:
        UserError: an unknown precision.
    """

    @own_settings()
    def __init__(
        self, generator: Network, precision: Precision = "float32", *, compile: bool = False
    ) -> None:
        fold_weight_norm(generator.eval())
        self.generator = generator.requires_grad_(False).float()
        self.engine = Engine(
            self.generator,
            precision,
            compile=compile,
            example=self.run_example,
            better=self.prefers_bfloat16,
        )

    @property
    def precision(self) -> Precision:
        """The precision that was asked for."""
        return self.engine.precision

    @property
    def precision_used(self) -> str:
        """The precision it computes in. "auto" is decided at first use, which takes a moment.

        Raises:
            UserError: its device cannot compute in the precision that was asked for.
        """
        with own_settings(), torch.no_grad():
            return self.engine.used

    def run_example(self) -> object:
        """Run the network, without the engine, on a short input."""
        raise NotImplementedError

    def prefers_bfloat16(self, engine: Engine[Network]) -> bool:
        """Whether bfloat16 is faster than float32 and sounds the same."""
        return False

    @property
    def device(self) -> torch.device:
        """The device it computes on."""
        return next(self.generator.parameters()).device

    def to(
        self, device: str | torch.device | torch.dtype | None = None, dtype: object = None
    ) -> "Self":
        """Move to a device; returns itself.

        Args:
            device: the device; as in torch, a dtype is accepted in its place.
            dtype: anything but float32 has no effect and gives a warning.

        Raises:
            UserError: the device does not exist, or `dtype` is not a dtype.
        """
        if isinstance(device, torch.dtype):
            device, dtype = None, device
        warn_of_other_type(dtype)
        if device is not None:
            self._move(device)
        return self

    @own_settings()
    def _move(self, device: object) -> None:
        if not isinstance(device, str | int | torch.device):
            raise UserError(f"device is a {type(device).__name__}: give its name, e.g. cuda")
        try:
            target = torch.device(device)
            if target.type == "meta":
                raise UserError("device meta: it cannot hold weights; give cpu or cuda")
            check_device(self.precision, target)
            for part in self.parts():
                part.to(target)
        except (RuntimeError, AssertionError, TypeError) as error:
            raise UserError(f"device {device}: {str(error).splitlines()[0]}") from None

    def half(self) -> "Self":
        """Stays in float32, with a warning."""
        return self.to(dtype=torch.float16)

    def bfloat16(self) -> "Self":
        """Stays in float32, with a warning."""
        return self.to(dtype=torch.bfloat16)

    def parts(self) -> tuple[nn.Module, ...]:
        """All modules to move."""
        return (self.generator,)

    def described(self) -> str:
        """The network and how many weights it has, as in "HiFiGAN with 13.94 M weights"."""
        count = sum(parameter.numel() for parameter in self.generator.parameters())
        size = f"{count / 1e6:.2f} M" if count >= 10_000 else str(count)
        return f"{type(self.generator).__name__} with {size} weights"


def warn_of_other_type(dtype: object) -> None:
    """Warn if a dtype is not float32.

    It is no error, so systems that call half() on everything keep working. Half precision would be
    audible.

    Raises:
        UserError: it is not a dtype.
    """
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise UserError(f"dtype {dtype!r} is not a dtype: leave it out")
    if dtype not in (None, torch.float32):
        warn_caller(
            f"dtype {dtype} has no effect: the model stays in float32, and takes mels of any "
            "float type; its option precision sets what it computes in",
            UserWarning,
        )
