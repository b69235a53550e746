"""Exercise: what each position does on its own with what it has heard."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def feed_forward_layer(
    x: Tensor, w_up: Tensor, b_up: Tensor, w_down: Tensor, b_down: Tensor
) -> Tensor:
    """Let each position think: up, ReLU, down.

    What e has heard, (3.3488, 6.6512), becomes (3.3024, 6.6976) with the
    matrices of the page: w_up ((-1, 1), (1, -1)), b_up (0, 0),
    w_down ((1, -1), (1, -1)), b_down (0, 10).

    Shapes:
        x: (..., T, C), any number of texts
        w_up: (C, F)
        b_up: (F,)
        w_down: (F, C)
        b_down: (C,)
        returns: (..., T, C)
    """
    inner = (x @ w_up + b_up).relu()  # (..., T, F)
    return inner @ w_down + b_down  # (..., T, C)


def of_the_page() -> dict[str, Any]:
    """What the letters of yet have heard, and the network that says how one-sided it is."""
    return {
        "x": torch.tensor([[5.0, 5.0], [3.3488, 6.6512], [2.8203, 7.1797]]),
        "w_up": torch.tensor([[-1.0, 1.0], [1.0, -1.0]]),
        "b_up": torch.zeros(2),
        "w_down": torch.tensor([[1.0, -1.0], [1.0, -1.0]]),
        "b_down": torch.tensor([0.0, 10.0]),
    }


def given(*text: int, F: int) -> dict[str, Any]:
    """A text and a network of small whole numbers, the same each time."""
    rng = torch.Generator().manual_seed(5)

    def whole(*shape: int) -> Tensor:
        return torch.randint(-3, 4, shape, generator=rng).float()

    C = text[-1]
    return {"x": whole(*text), "w_up": whole(C, F), "b_up": whole(F), "w_down": whole(F, C), "b_down": whole(C)}


def mistaken(
    bend: Callable[[Tensor], Tensor] = F.relu,
    up: Callable[..., Tensor] = lambda x, w, b: x @ w + b,
    down: Callable[..., Tensor] = lambda inner, w, b: inner @ w + b,
    last: Callable[[Tensor, Tensor], Tensor] = lambda made, x: made,
) -> Callable[..., Tensor]:
    """The network with one of its steps done in another way."""

    def layer(x: Tensor, w_up: Tensor, b_up: Tensor, w_down: Tensor, b_down: Tensor) -> Tensor:
        return last(down(bend(up(x, w_up, b_up)), w_down, b_down), x)

    return layer


def straight(inner: Tensor) -> Tensor:
    return inner


EXAMINATION = Examination(
    solution=feed_forward_layer,
    time="x",
    cases=(
        Case("what the letters of yet have heard", of_the_page),
        Case(
            "four positions of three numbers, five inside",
            lambda: given(4, 3, F=5),
            "On the page C and F are both 2. Here they are 3 and 5, and all biases are at work.",
        ),
        Case("one position", lambda: given(1, 3, F=5)),
        Case("narrower inside than outside", lambda: given(4, 5, F=2)),
        Case("a batch of two texts", lambda: given(2, 4, 3, F=5)),
        Case("texts in two dimensions", lambda: given(2, 3, 4, 3, F=7)),
        Case("a gradient comes back", lambda: given(4, 3, F=5), gradient=True),
    ),
    beliefs=(
        Belief(
            "no bend",
            "Nothing was cut off between the two matrices. It tempts, because it runs, and learns something. But a "
            "matrix after a matrix is one matrix. What should the inner −3.3024 of e become?",
            (mistaken(bend=straight),),
        ),
        Belief(
            "the bend comes last",
            "What comes out was cut off at 0, and what is inside was not, or both. It tempts, because in many "
            "networks a bend follows every matrix. Which number below 0 could leave this one?",
            (
                mistaken(bend=straight, last=lambda made, x: made.relu()),
                mistaken(last=lambda made, x: made.relu()),
            ),
        ),
        Belief(
            "the bend comes first",
            "What goes in was cut off at 0. It tempts, because the bend is to be in the middle of something. Here it "
            "is to be between the matrices. What does the first one say of (5, 5)?",
            (lambda x, w_up, b_up, w_down, b_down: (x.relu() @ w_up + b_up) @ w_down + b_down,),
        ),
        Belief(
            "no bias on the way up",
            "The bias of the way up was left out, or added after the bend. It tempts, because on the page it is 0. It "
            "says where each inner number begins to count. Is it inside what ReLU sees?",
            (
                mistaken(up=lambda x, w, b: x @ w),
                lambda x, w_up, b_up, w_down, b_down: ((x @ w_up).relu() + b_up) @ w_down + b_down,
            ),
        ),
        Belief(
            "no bias on the way down",
            "The last bias is missing. It tempts, when the first is added and the second forgotten. What is (0, 10) "
            "for, on the page?",
            (mistaken(down=lambda inner, w, b: inner @ w),),
        ),
        Belief(
            "another bend",
            "The bend is a smooth one, or one that keeps its numbers below 1. It tempts, because GPT-2 has GELU, and "
            "older networks a sigmoid or tanh. Asked is ReLU: what does it make of −1, and of 3?",
            (
                mistaken(bend=F.gelu),
                mistaken(bend=torch.sigmoid),
                mistaken(bend=torch.tanh),
                mistaken(bend=F.silu),
                mistaken(bend=F.leaky_relu),
            ),
        ),
        Belief(
            "the distance from 0",
            "Numbers below 0 lost their sign, and ReLU sets them to 0. It tempts, because both leave nothing below 0. "
            "In the first table, how many inner numbers of e are 0?",
            (mistaken(bend=torch.abs),),
        ),
        Belief(
            "the bend is a softmax",
            "A softmax went over the inner numbers. It tempts, because attention has one. But here nothing is shared "
            "out: each inner number is cut by itself. What do yours sum to?",
            (mistaken(bend=lambda inner: inner.softmax(dim=-1)),),
        ),
        Belief(
            "what came in is added",
            "The layer's input was added to what it made. It tempts, because the blocks of a GPT do just that. But "
            "they do it, and not this layer. What does the page say of (5, 5)?",
            (mistaken(last=lambda made, x: x + made),),
        ),
        Belief(
            "positions hear each other",
            "Each position got a bit of the others, a mean for example. It tempts after so much attention. Here each "
            "is alone. Change the last position: does the first one move?",
            (
                lambda x, w_up, b_up, w_down, b_down: feed_forward_layer(
                    x.mean(dim=-2, keepdim=True).expand_as(x), w_up, b_up, w_down, b_down
                ),
                mistaken(last=lambda made, x: made.mean(dim=-2, keepdim=True).expand_as(made)),
            ),
        ),
        Belief(
            "the way up is all",
            "The inner numbers come out, and they are to go down again. It tempts, because the lecture's first "
            "feed-forward was one matrix and a bend. How many numbers should a position have?",
            (lambda x, w_up, b_up, w_down, b_down: (x @ w_up + b_up).relu(),),
        ),
        Belief(
            "matrices lie on their side",
            "A matrix was transposed. It tempts, because a Linear of PyTorch keeps its matrix like that, outputs by "
            "inputs. Here it is as on paper. Which of its sides is C?",
            (
                mistaken(up=lambda x, w, b: x @ w.mT + b),
                mistaken(down=lambda inner, w, b: inner @ w.mT + b),
                lambda x, w_up, b_up, w_down, b_down: F.linear(F.linear(x, w_up, b_up).relu(), w_down, b_down),
            ),
        ),
    ),
    by_hand="Take the first wrong row: write down x times w_up, add b_up, cut at 0, and go on with what is left.",
)
