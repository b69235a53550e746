"""What an exercise is made of: cases, and the wrong beliefs by which a wrong answer is recognised."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """Arguments for the reader's function; the solution says what is wanted.

    Attributes:
        title: what is special about it, in a few words
        arguments: makes them, by name, anew each time
        hint: what it means when this case fails and those before it did not
        gradient: whether a gradient must reach every argument of floats
    """

    title: str
    arguments: Callable[[], dict[str, Any]]
    hint: str = ""
    gradient: bool = False


@dataclass(frozen=True)
class Belief:
    """A wrong belief, known by what it makes a function answer.

    Attributes:
        name: what is believed, in a few words
        hint: what the answer is, why it tempts, and what to look at; never the solution
        answers: functions that one who believes it might write
    """

    name: str
    hint: str
    answers: tuple[Callable[..., Any], ...]


@dataclass(frozen=True)
class Examination:
    """All that a function is asked, and all that its answers may betray.

    Attributes:
        solution: a right answer
        beliefs: where two explain an answer equally well, the first is named
        by_hand: how to find the mistake on paper, when no belief explains it
        time: the argument whose dimension -2 is time, where there is one
    """

    solution: Callable[..., Any]
    cases: tuple[Case, ...]
    beliefs: tuple[Belief, ...]
    by_hand: str
    time: str = ""


@dataclass(frozen=True)
class Layer:
    """A layer to be handed to the reader's function, that can say what it does.

    Attributes:
        says: what it does, in a few words
        does: a tensor out of a tensor
    """

    says: str
    does: Callable[[Any], Any]

    def __call__(self, x: Any) -> Any:
        return self.does(x)

    def __repr__(self) -> str:
        return self.says
