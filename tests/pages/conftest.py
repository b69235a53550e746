"""The fixtures that the tests of this folder share."""

from small_project import green, small

__all__ = ["green", "small"]
