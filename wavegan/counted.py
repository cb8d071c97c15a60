"""A number of things, in words that agree with it."""


def counted(count: int, one: str, many: str = "") -> str:
    """`1 file`, `2 files`.

    Args:
        count: how many.
        one: what one of them is called, maybe with its verb.
        many: what several are called; "": the same and an s.

    >>> counted(1, "stretch is", "stretches are")
    '1 stretch is'
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
