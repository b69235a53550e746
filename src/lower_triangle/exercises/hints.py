"""Find the wrong belief behind a wrong answer, or else say where to look."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.attempts import Outcome, attempt
from lower_triangle.exercises.cases import Belief, Case, Examination
from lower_triangle.exercises.tensors import alike

CHANGED = (
    "The answer is right, but {name} is not what it was: it was written into, by x[...] = or by a method whose name "
    "ends in an underscore. It tempts, because it saves a tensor. Whoever called the function still needs what it "
    "handed over."
)
NOTHING_LEARNS = (
    "The numbers are right, but nothing could learn from them: on the way the answer was cut off from what it was "
    "made of. Look for .detach(), .data, .item(), .tolist(), .numpy(), no_grad() or torch.tensor(...): they keep the "
    "numbers alone."
)
UNPACKED = (
    "This line wants a fixed number of dimensions. It tempts, because the sizes then have names. But one text is (T, "
    "C) and a batch of them is (B, T, C). Which sizes can be asked for from the end, so that both will do?"
)
OTHER_DTYPE = "The numbers are right, but they are {got}, and {wanted} is wanted."
HOW_MUCH = (
    "This says how much, and asked is whether: it is 0 where False is wanted, and nowhere else. What makes True and "
    "False of numbers?"
)
NAN = (
    "There is a NaN in it. It comes of 0/0, of ∞/∞, of 0 · ∞, of ∞ − ∞, or of the softmax of a row of −∞ only. "
    "Print the tensor of each line, and find the first that holds one."
)


def explain(
    exam: Examination, function: Callable[..., Any], case: Case, outcome: Outcome, wanted: Tensor
) -> tuple[str, str]:
    """What is behind a wrong answer, in a few words, and a hint; no words where all that is left is to look closely."""
    belief = None if alike(outcome.value, wanted) else recognise(exam, function, case, outcome)
    if belief:
        return belief.name, belief.hint
    if "values to unpack" in str(outcome.error):
        return "a fixed number of dimensions", UNPACKED
    if outcome.error:
        return "an error", of_error(case, outcome)
    if not isinstance(outcome.value, Tensor):
        return of_no_tensor(outcome)
    if alike(outcome.value, wanted):
        return of_right_numbers(outcome, wanted)
    return of_tensor(exam, function, case, outcome, wanted)


def recognise(exam: Examination, function: Callable[..., Any], case: Case, outcome: Outcome) -> Belief | None:
    """The belief whose answer this is; where several would give it, the one that fits in most of the cases."""
    answers = [(belief, answer) for belief in exam.beliefs for answer in belief.answers]
    fits = [(belief, answer) for belief, answer in answers if agree(attempt(answer, case), outcome)]
    if len(fits) < 2:
        return fits[0][0] if fits else None
    outcomes = [(other, attempt(function, other)) for other in exam.cases]
    scores = [sum(agree(attempt(answer, other), done) for other, done in outcomes) for _, answer in fits]
    return fits[scores.index(max(scores))][0]


def agree(one: Outcome, other: Outcome) -> bool:
    """Whether two functions did the same: the same answer, or the same complaint."""
    if one.error or other.error:
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    return alike(one.value, other.value)


def of_error(case: Case, outcome: Outcome) -> str:
    """What can be said of an error that no belief explains."""
    if isinstance(outcome.error, SystemExit):
        return "The function ends the program. It should end with return, and hand its answer over."
    if isinstance(outcome.error, EOFError):
        return "The function waits for the keyboard. All that it needs comes in its arguments."
    if case.gradient:
        return "It went well without gradients. Look for numpy(), for torch.tensor(...), for writing into an argument."
    return case.hint or "Print the shapes on the line before, and say of each dimension what it counts."


def of_no_tensor(outcome: Outcome) -> tuple[str, str]:
    """What can be said of an answer that is no tensor."""
    if outcome.value is None:
        printed = "It prints, and printing shows a value to you only"
        said = printed if outcome.printed.strip() else "It ends without return"
        return "nothing returned", f"The function gives nothing back. {said}; return hands it to whoever called."
    kind = type(outcome.value).__name__
    if isinstance(outcome.value, list | tuple) and all(isinstance(row, Tensor) for row in outcome.value):
        rows = f"a {kind} of {len(outcome.value)} tensors"
        return "no tensor", f"This is {rows}, and one tensor is wanted. What puts rows on top of one another?"
    return "no tensor", f"The function should return a tensor, and this is a {kind}. Which line made it one?"


def of_right_numbers(outcome: Outcome, wanted: Tensor) -> tuple[str, str]:
    """What may still be wrong where the numbers are right."""
    if outcome.value.dtype != wanted.dtype:
        return "another dtype", OTHER_DTYPE.format(got=outcome.value.dtype, wanted=wanted.dtype) + (
            " ~ and masked_fill take a mask of True and False." if wanted.dtype == torch.bool else ""
        )
    if outcome.changed:
        return "an argument written into", CHANGED.format(name=outcome.changed[0])
    return "cut off from the gradient", NOTHING_LEARNS


def of_tensor(
    exam: Examination, function: Callable[..., Any], case: Case, outcome: Outcome, wanted: Tensor
) -> tuple[str, str]:
    """What can be said of a tensor that no belief explains: the plainest fault first."""
    got = outcome.value
    if got.shape != wanted.shape:
        shapes = f"The shape is {tuple(got.shape)}, and {tuple(wanted.shape)} is wanted."
        return "another shape", f"{shapes} {of_shape(got, wanted, case)}"
    if wanted.dtype == torch.bool and alike(got != 0, wanted):
        return "how much, and not whether", HOW_MUCH
    if got.isnan().any():
        return "NaN", NAN
    if hint := leak(exam, function, case):
        return "the future leaks", hint
    if hint := uneven(exam, function, case):
        return "rows that do not sum to one", hint
    return "", case.hint or exam.by_hand


def of_shape(got: Tensor, wanted: Tensor, case: Case) -> str:
    if got.dim() > 1 and alike(got.mT, wanted):
        return "The numbers are right: its last two dimensions have changed places."
    if got.numel() == wanted.numel():
        return "It has as many numbers: has one of the dimensions moved, or been kept or dropped?"
    return case.hint or "Say of each dimension what it counts, line by line; where does one go missing, or come in?"


def leak(exam: Examination, function: Callable[..., Any], case: Case) -> str:
    """Whether the past notices when the future is changed."""

    def change(x: Tensor) -> Tensor:
        return torch.cat([x[..., :-1, :], x[..., -1:, :] + 3], dim=-2)

    before, after = attempt(function, case).value, answer_to(exam, function, case, change)
    if not isinstance(after, Tensor) or after.shape != before.shape:
        return ""
    moved = (after - before)[..., :-1, :].abs()
    if not moved.numel() or moved.max() < 1e-4:
        return ""
    return (
        f"The future leaks: change the last position of {exam.time}, and rows before it move by up to "
        f"{moved.max():.4g}. Which line lets a row see what comes after it?"
    )


def uneven(exam: Examination, function: Callable[..., Any], case: Case) -> str:
    """Whether the average of one and the same thing is that thing."""

    def repeat(x: Tensor) -> Tensor:
        return x[..., :1, :].expand_as(x).clone()

    got = answer_to(exam, function, case, repeat)
    wanted = answer_to(exam, exam.solution, case, repeat)
    if not isinstance(got, Tensor) or alike(got, wanted):
        return ""
    return (
        "Ask it about a text that repeats one letter: every average is then the same, and yours is not. Some row of "
        "the weights does not sum to one; print their sums."
    )


def answer_to(exam: Examination, function: Callable[..., Any], case: Case, change: Callable[[Tensor], Tensor]) -> Any:
    """What a function says when the text of a case is changed; nothing where there is no text, or an error."""
    if not exam.time:
        return None
    arguments = case.arguments()
    changed = Case(case.title, lambda: arguments | {exam.time: change(arguments[exam.time])})
    return attempt(function, changed).value
