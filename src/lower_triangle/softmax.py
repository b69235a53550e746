"""Scores to weights, spelled out: what `torch.softmax` does, in the lines that the pages take apart.

Shapes: Tk how many scores compete in a row: in attention one for each key.
"""

from torch import Tensor

from lower_triangle.errors import UsageError


def softmax(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """Turn each row of scores into weights: all positive, summing to 1, the larger the higher the score.

    A score of -inf gets exactly 0. A row of nothing else has no weights, and is NaN.

    Args:
        temperature: what scores are divided by first: below 1 the highest takes more, above 1 all come closer

    Shapes:
        scores: (..., Tk)
        returns: (..., Tk)

    Raises:
        UsageError: for a temperature that is not above 0.

    Source: Vaswani et al. 2017, §3.2.1, for its place in attention; Karpathy, "Let's build GPT", from 00:54:42.
    """
    if not temperature > 0:
        raise UsageError(
            f"temperature={temperature} is not above 0; "
            "where only the highest score counts, use argmax"
        )
    scores = scores / temperature
    # The largest becomes 0: no exponential is above 1, and none can overflow.
    shifted = scores - scores.amax(dim=-1, keepdim=True)  # (..., Tk)
    shares = shifted.exp()  # (..., Tk)
    return shares / shares.sum(dim=-1, keepdim=True)
