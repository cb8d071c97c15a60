"""What a network runs: its first and last layers, and whether layers are most of its work."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from wavegan.layers.fusible import PLAIN

LAYERS = (torch.conv1d, torch.conv_transpose1d, torch.conv2d, functional.linear)
MANY = 100
"""Calls of torch per layer from which redirecting them costs more than faster layers give."""


class Survey(NamedTuple):
    """What one run of a network called.

    Attributes:
        ends: names of the weights of the first layer, of the last one with learned weights, and of
            those after it; they stay in float32 when the others do not.
        few_layers: whether nearly all calls are something else, such as iterations of Griffin-Lim.
    """

    ends: tuple[str, ...] = ()
    few_layers: bool = False


def survey(network: nn.Module, example: Callable[[], object]) -> Survey:
    """Watch a network run.

    Args:
        network: the network.
        example: runs it on a short input.
    """
    with torch.no_grad(), _Recording() as recording:
        example()
    return Survey(
        _ends(network, recording.addresses), recording.calls > MANY * len(recording.addresses)
    )


def _ends(network: nn.Module, addresses: Sequence[int]) -> tuple[str, ...]:
    names = {_address(each): name for name, each in network.named_buffers()}
    learned = {_address(each): name for name, each in network.named_parameters()}
    order = [address for address in addresses if address in learned or address in names]
    places = [place for place, address in enumerate(order) if address in learned]
    if not places:
        return ()
    chosen = {order[places[0]], *order[places[-1] :]} - set(order[places[0] + 1 : places[-1]])
    return tuple(sorted({**names, **learned}[address] for address in chosen))


class _Recording(TorchFunctionMode):
    """Counts calls, and writes down the addresses of the weights of layers as they run."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[int] = []
        self.calls = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one of torch's functions."""
        kwargs = kwargs or {}
        self.calls += 1
        if func in LAYERS:
            weight = args[1] if len(args) > 1 else kwargs["weight"]
            self.addresses.append(_address(weight))
        plain = PLAIN.get(func)
        if plain is not None:
            with self:
                return plain(*args, **kwargs)
        return func(*args, **kwargs)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
