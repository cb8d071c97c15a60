"""Run a generator fast, in a chosen precision."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from threading import Lock
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from wavegan.inference.engine.compiling import compiled
from wavegan.inference.engine.packing import Packing
from wavegan.inference.engine.precision import (
    DTYPES,
    HINDRANCE,
    WORTH,
    Exact,
    Precision,
    bfloat16_speedup,
    check_device,
    checked,
    packing_slowdown,
    warn_if_slow,
)
from wavegan.inference.engine.running import Running
from wavegan.inference.engine.survey import Survey, survey

Network = TypeVar("Network", bound=nn.Module)


class Engine(Generic[Network]):
    """How one network runs. Its weights do not change; packed copies are kept separately.

    In float32 the result equals the plain network's to about 1e-6 of the peak. In a half type the
    first and the last layer stay in float32. Packed weights take as much memory as the
    weights again (half as much in bfloat16).

    Copies and pickles keep the precision; they decide, pack and compile again. Several threads may
    use one engine.

    Args:
        network: the network, in evaluation mode, with weight norm folded, in float32.
        precision: "float32", "bfloat16" or "float16" (not on CPUs); "auto": bfloat16 if `better`
            says so, float32 otherwise.
        compile: also compile with `torch.compile`: the first call takes a minute, and so do those
            of the first other lengths. It needs a C++ compiler.
        example: runs the network on a short input, to see its layers; None: all layers are in the
            chosen type.
        better: whether bfloat16 is faster than float32 and sounds the same, given this engine;
            None: unknown.

    Raises:
        UserError: an unknown precision.
    """

    def __init__(
        self,
        network: Network,
        precision: Precision = "float32",
        *,
        compile: bool = False,
        example: Callable[[], object] | None = None,
        better: "Callable[[Engine[Network]], bool] | None" = None,
    ) -> None:
        self.network, self.precision, self.compile = network, checked(precision), compile
        self._example, self._better = example, better
        self._begin()

    def _begin(self) -> None:
        self._lock, self._packing = Lock(), Packing(self.network)
        self._chosen: dict[str, Exact] = {}
        self._survey: Survey | None = None
        self._compiled: dict[str, Callable[..., Tensor]] = {}

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @property
    def used(self) -> Exact:
        """The precision it computes in: "float32", "bfloat16" or "float16".

        Raises:
            UserError: the device cannot compute in the given precision.
        """
        kind = self.device.type
        if kind not in self._chosen:
            with self._lock:
                if kind not in self._chosen:
                    self._chosen[kind] = self._choose()
        return self._chosen[kind]

    def __call__(self, *args: Any, **options: Any) -> Tensor:
        """The network's output, float32.

        Raises:
            UserError: see `used`.
        """
        used = self.used
        if self.compile:
            return self._compile(used)(*args, **options).float()
        return self.at(used, *args, **options)

    def at(self, precision: Exact, *args: Any, **options: Any) -> Tensor:
        """The network's output as computed in another precision, float32."""
        with self._mode(precision):
            made: Tensor = self.network(*args, **options)
        return made.float()

    def _choose(self) -> Exact:
        check_device(self.precision, self.device)
        if self.precision != "auto":
            warn_if_slow(self.precision, self.device)
            return self.precision
        # half types on a GPU are only used on request: nothing here has measured them
        if self._better is None or self.device.type != "cpu" or bfloat16_speedup() < WORTH:
            return "float32"
        try:
            return "bfloat16" if self._better(self) else "float32"
        except RuntimeError:
            # some operation of the network has no bfloat16
            return "float32"

    def _mode(self, precision: Exact) -> AbstractContextManager[object]:
        if precision != "float32":
            return Running(self._packing, DTYPES[precision], self._exact())
        plain = self.device.type != "cpu" or packing_slowdown() > HINDRANCE
        if plain or self._surveyed().few_layers:
            return nullcontext()
        return Running(self._packing, torch.float32)

    def _surveyed(self) -> Survey:
        if self._survey is None:
            devices = [self.device] if self.device.type == "cuda" else []
            # the network may draw from torch's global generator, which a seed has just set
            with torch.random.fork_rng(devices):
                example = self._example
                self._survey = Survey() if example is None else survey(self.network, example)
        return self._survey

    def _exact(self) -> list[Tensor]:
        """The weights whose layers stay in float32."""
        return [attrgetter(name)(self.network) for name in self._surveyed().ends]

    def _compile(self, precision: Exact) -> Callable[..., Tensor]:
        place = f"{precision} {self.device}"
        with self._lock:
            if place not in self._compiled:
                self._compiled[place] = compiled(self.network, self._mode(precision))
            return self._compiled[place]

    def __getstate__(self) -> dict[str, Any]:
        kept = ("network", "precision", "compile", "_example", "_better")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()
