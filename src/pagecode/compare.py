"""Whether what a program printed is what the page shows."""

import re
from decimal import Decimal

# A number with decimals that stands by itself: not 2.13 in the version 2.13.0, nor 1.5 in v1.5.
DECIMAL = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[+-]?\d{1,3})?(?!\w|\.\d)")


def same(expected: str, got: str) -> bool:
    """True when the texts agree: each decimal to 1.5 units in its last printed place, everything else exactly.

    "1." and "1" have no decimal place and are compared as text, so a mask of ones and zeros must match.
    """
    if DECIMAL.split(expected) != DECIMAL.split(got):
        return False
    return all(map(close, DECIMAL.findall(expected), DECIMAL.findall(got)))


def close(expected: str, got: str) -> bool:
    """True for two decimals, printed to the same place, at most 1.5 units of that place apart."""
    a, b = Decimal(expected), Decimal(got)
    place = a.as_tuple().exponent
    return place == b.as_tuple().exponent and abs(a - b) <= Decimal((0, (1, 5), place - 1))
