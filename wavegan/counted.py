"""A count with its noun in singular or plural."""


def counted(count: int, one: str, many: str = "") -> str:
    """`1 file`, `2 files`.

    Args:
        count: how many.
        one: the singular, may include a verb.
        many: the plural; "": `one` plus an s.

    >>> counted(1, "stretch is", "stretches are")
    '1 stretch is'
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
