"""What goes wrong when a user, not the code, is mistaken.

Every message says what was given, what is allowed and what to try, on one line; the command line shows nothing else.
"""

import difflib
from collections.abc import Iterable


class LowerTriangleError(Exception):
    """A mistake that we can explain; the command line prints its message and exits with `exit_code`."""

    exit_code = 1


class UsageError(LowerTriangleError):
    """What was asked for does not exist or cannot be: a stage, a flag, a size."""

    exit_code = 2


class CorpusError(LowerTriangleError):
    """A text that cannot be found, fetched, read or split."""


class VocabularyError(LowerTriangleError):
    """A character that the vocabulary does not hold."""


class CheckpointError(LowerTriangleError):
    """A file that is not a checkpoint of ours, or no longer the one we wrote."""


class OutputError(LowerTriangleError):
    """A folder or a file that cannot be written, or that holds what would be lost."""


class TrainingError(LowerTriangleError):
    """A run that cannot go on."""


class Interrupted(LowerTriangleError):
    """A run that was asked to stop, and saved what it had; exits with 128 and the signal's number, as shells have it.

    Args:
        signal_number: of the signal that asked
        step: the last one that was finished
        out: the folder of the run
    """

    def __init__(self, signal_number: int, step: int, out: object) -> None:
        super().__init__(
            f"stopped after step {step:,} and saved it in '{out}'; go on with the same command and --resume"
        )
        self.exit_code = 128 + signal_number


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """End a message about an unknown name: the nearest allowed one, or all of them where none is near."""
    names = list(allowed)
    near = difflib.get_close_matches(given, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
