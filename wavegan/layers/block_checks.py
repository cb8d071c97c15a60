"""Check the residual blocks and widths of generators like HiFi-GAN."""

from collections.abc import Sequence

from wavegan.errors import UserError


def check_blocks(resblock: str, kernels: Sequence[int], dilations: Sequence[Sequence[int]]) -> None:
    """Refuse an unknown block, even kernels, and dilations that are not one list per kernel.

    Args:
        resblock: "1" or "2".
        kernels: `resblock_kernel_sizes`.
        dilations: `resblock_dilation_sizes`.

    Raises:
        UserError: they do not fit; proposes the nearest values.
    """
    if resblock not in ("1", "2"):
        raise UserError(f'resblock {resblock!r} is not known: use "1" or "2"')
    given = [list(each) for each in dilations]
    usual = [1, 3, 5] if resblock == "1" else [1, 3]
    odd = [max(kernel + 1 - kernel % 2, 1) for kernel in kernels] or [3]
    fitting = [[max(d, 1) for d in each] or usual for each in given[: len(odd)]]
    fitting += [usual] * (len(odd) - len(fitting))
    if odd != list(kernels) or fitting != given:
        raise UserError(
            f"resblock_kernel_sizes {list(kernels)} and resblock_dilation_sizes {given} do not "
            f"fit: kernels must be odd and each needs a list of dilations, such as {odd} and "
            f"{fitting}"
        )


def check_widths(n_mels: int, channels: int, initial: int, stages: int) -> None:
    """Refuse numbers below 1, and a width that cannot be halved by each stage.

    Args:
        n_mels: bands of the input.
        channels: audio channels.
        initial: `upsample_initial_channel`.
        stages: number of `upsample_rates`.

    Raises:
        UserError: a number does not fit; names the fields.
    """
    if min(n_mels, channels) < 1:
        raise UserError(f"n_mels {n_mels} and channels {channels} must be at least 1")
    if initial < 2**stages:
        raise UserError(
            f"upsample_initial_channel {initial} cannot be halved by each of the {stages} "
            f"upsample_rates: use at least {2**stages}"
        )
