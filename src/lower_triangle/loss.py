"""How surprised a model is, in nats per token.

Shapes: B batch, T time, V vocabulary, N tokens of a split.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.errors import UsageError
from lower_triangle.model import LanguageModel


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of -ln p(target) over all B·T predictions.

    Shapes:
        logits: (B, T, V)
        targets: (B, T)
        returns: ()

    Source: Karpathy, "Let's build GPT", from 00:22:11; PyTorch wants the classes in dimension 1, so B and T are merged.
    """
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


@torch.no_grad()
def evaluate(model: LanguageModel, tokens: Tensor, batch_size: int = 1024) -> float:
    """The exact mean loss over a whole split: every token but the first is predicted once.

    The split is cut into windows of `model.context_length` that do not overlap, and a shorter last one. No random
    number is drawn. The model comes back in the mode, training or evaluation, in which it was handed over.

    Shapes:
        tokens: (N,)

    Raises:
        UsageError: when there are fewer than two tokens.
    """
    if len(tokens) < 2:
        raise UsageError(f"cannot evaluate on {len(tokens)} tokens: it takes one to predict from and one to predict")
    T, tokens = model.context_length, tokens.to(model.device)
    whole = (len(tokens) - 1) // T * T
    inputs = [*tokens[:whole].view(-1, T).split(batch_size), tokens[None, whole:-1]]  # each (B, T), then the rest
    targets = [*tokens[1 : whole + 1].view(-1, T).split(batch_size), tokens[None, whole + 1 :]]
    was_training = model.training
    model.eval()
    total = 0.0
    for x, y in zip(inputs, targets, strict=True):
        if y.numel() > 0:  # a short split has no whole window, and some have no rest
            total += cross_entropy(model(x), y).item() * y.numel()
    model.train(was_training)
    return total / (len(tokens) - 1)
