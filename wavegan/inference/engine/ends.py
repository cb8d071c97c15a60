"""The first and the last layers of a network, which stay in float32 when the others do not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

LAYERS = (torch.conv1d, torch.conv_transpose1d, torch.conv2d, functional.linear)


def ends(network: nn.Module, example: Callable[[], object]) -> tuple[str, ...]:
    """Names of the weights of the first layer, the last one with learned weights, and those after.

    Args:
        network: the network.
        example: runs it on a short input.
    """
    with torch.no_grad(), _Recording() as recording:
        example()
    names = {_address(each): name for name, each in network.named_buffers()}
    learned = {_address(each): name for name, each in network.named_parameters()}
    order = [address for address in recording.addresses if address in learned or address in names]
    places = [place for place, address in enumerate(order) if address in learned]
    if not places:
        return ()
    chosen = {order[places[0]], *order[places[-1] :]} - set(order[places[0] + 1 : places[-1]])
    return tuple(sorted({**names, **learned}[address] for address in chosen))


class _Recording(TorchFunctionMode):
    """Writes down the addresses of the weights of layers as they run."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[int] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one of torch's functions."""
        kwargs = kwargs or {}
        if func in LAYERS:
            weight = args[1] if len(args) > 1 else kwargs["weight"]
            self.addresses.append(_address(weight))
        return func(*args, **kwargs)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
