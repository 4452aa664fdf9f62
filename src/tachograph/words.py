"""Words that several screens and texts share.

>>> counted(1, "turn"), counted(2, "entry"), counted(0, "day")
('1 turn', '2 entries', '0 days')
"""

from __future__ import annotations


def counted(number: int, one: str) -> str:
    """So many of a thing that is called `one` where there is one of it."""
    if number == 1:
        return f"1 {one}"
    is_regular = not one.endswith("y") or one[-2:-1] in "aeiou"
    return f"{number} {one}s" if is_regular else f"{number} {one[:-1]}ies"
