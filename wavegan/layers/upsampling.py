"""Check that upsampling rates and kernels fit the hop length and each other; propose others."""

import math
from collections.abc import Iterator, Sequence

from wavegan.errors import UserError


def check_hop_length(
    rates: Sequence[int],
    hop_length: int | None,
    kernel_sizes: Sequence[int] | None = None,
    *,
    factor: int = 1,
    product_of: str | None = None,
) -> int:
    """Check that a generator makes as many samples per frame as the mel's hop length.

    Args:
        rates: a generator's `upsample_rates`.
        hop_length: the front-end's hop length in samples; None: no check.
        kernel_sizes: `upsample_kernel_sizes`, if the generator has them; then the message proposes
            kernels too.
        factor: additional upsampling after the stages, such as the number of sub-bands.
        product_of: name of rates and factor in the message; None: only `upsample_rates`.

    Returns:
        The product of the rates and the factor.

    Raises:
        UserError: they differ; proposes rates.
    """
    product = math.prod(rates) * factor
    if hop_length is None or hop_length == product:
        return product
    clash = f"mel.hop_length {hop_length} is not {product}, the product of "
    clash += product_of or f"generator.upsample_rates {list(rates)}"
    clash += f": set mel.hop_length to {product}"
    if factor < 1 or hop_length % factor or hop_length // factor < 2:
        raise UserError(clash)
    proposal = nearest_rates(hop_length // factor, rates)
    clash += f", or generator.upsample_rates to {proposal}"
    if kernel_sizes is not None:
        clash += f" and generator.upsample_kernel_sizes to {[usual_kernel(r) for r in proposal]}"
    raise UserError(clash)


def check_kernels(rates: Sequence[int], kernel_sizes: Sequence[int]) -> None:
    """Refuse transposed convolutions that do not multiply the length by exactly their rate.

    Raises:
        UserError: the lists' lengths differ, a rate is below 1, a kernel is smaller than its
            rate, or kernel minus rate is odd; proposes the nearest kernels.
    """
    check_rates(rates, 1)
    proposal = [
        _nearest_kernel(kernel_sizes[i], rate) if i < len(kernel_sizes) else usual_kernel(rate)
        for i, rate in enumerate(rates)
    ]
    if proposal != list(kernel_sizes):
        raise UserError(
            f"upsample_kernel_sizes {list(kernel_sizes)} does not fit upsample_rates "
            f"{list(rates)}: each rate needs one kernel that is not smaller and differs from it by "
            f"an even number, such as {proposal}"
        )


def check_rates(rates: Sequence[int], least: int) -> None:
    """Refuse an empty list and rates below `least`.

    Raises:
        UserError: proposes the nearest valid rates.
    """
    if not rates or min(rates) < least:
        proposal = [max(rate, least) for rate in rates] or [8, 8, 2, 2]
        raise UserError(
            f"upsample_rates {list(rates)} must be one or more integers of at least {least}, "
            f"such as {proposal}"
        )


def nearest_rates(hop_length: int, rates: Sequence[int]) -> list[int]:
    """Factors of `hop_length` (2 or more) that are nearest to `rates`, the largest first.

    As many as there are rates, or fewer if the hop length has too few prime factors.
    """
    wanted = sorted(rates, reverse=True)

    def distance(factors: Sequence[int]) -> tuple[float, int]:
        ratios = [math.log(a / b) for a, b in zip(factors, wanted, strict=False)]
        # A tie is won by the smallest largest factor.
        return round(sum(ratio**2 for ratio in ratios), 9), factors[0]

    for count in range(len(rates), 0, -1):
        candidates = list(_factorizations(hop_length, count, hop_length))
        if candidates:
            nearest = min(candidates, key=distance)
            return list(nearest)
    raise ValueError(f"{hop_length} has no factors")


def usual_kernel(rate: int) -> int:
    """The usual choice in papers: twice the rate, plus one if the rate is odd."""
    return 2 * rate + rate % 2


def _nearest_kernel(kernel: int, rate: int) -> int:
    if kernel < rate:
        return rate
    # Both neighbours of an odd difference are equally near: take the one nearer to the usual one.
    return min(
        (k for k in (kernel - 1, kernel, kernel + 1) if k >= rate and (k - rate) % 2 == 0),
        key=lambda k: (abs(k - kernel), abs(k - usual_kernel(rate))),
    )


def _factorizations(number: int, count: int, largest: int) -> Iterator[Sequence[int]]:
    """All descending `count`-tuples of factors in 2..largest with that product."""
    if count == 1:
        if 2 <= number <= largest:
            yield (number,)
        return
    for factor in range(min(number // 2, largest), 1, -1):
        if number % factor == 0:
            for rest in _factorizations(number // factor, count - 1, factor):
                yield (factor, *rest)
