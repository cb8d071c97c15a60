"""Compile a network with `torch.compile`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from wavegan.errors import UserError


def compiled(network: nn.Module, mode: AbstractContextManager[object]) -> Callable[..., Tensor]:
    """The network inside a mode, compiled at its first call.

    Weights become constants of the compiled code, so that their layout is prepared only once.

    Args:
        network: the network, without gradients.
        mode: how it runs.
    """

    def run(*args: Any, **options: Any) -> Tensor:
        with mode:
            made: Tensor = network(*args, **options)
        return made

    fast = torch.compile(run, options={"freezing": True})

    def call(*args: Any, **options: Any) -> Tensor:
        try:
            made: Tensor = fast(*args, **options)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            reason = str(error.inner_exception).splitlines()[0]
            raise UserError(
                f"compile: torch.compile failed ({reason}): leave out compile, or install a C++ "
                "compiler"
            ) from None
        return made

    return call
