"""The fixtures that the tests of this folder share."""

from small_project import copy, green, small

__all__ = ["copy", "green", "small"]
