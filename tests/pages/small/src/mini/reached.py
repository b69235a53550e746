"""Reached by one page only, through another module."""


def third() -> float:
    return 1 / 3
