"""The running example: one head of attention on the word "yet", small enough for paper.

A letter is two numbers, (consonant, vowel): t is a consonant, e a vowel, and y a bit of both.
"""

import torch
from torch import Tensor

# One row a letter of "yet".
YET = torch.tensor([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]])  # (T, C)

# What a letter looks for: the other kind.
W_Q = torch.tensor([[0.0, 1.0], [1.0, 0.0]])  # (C, D)

# What a letter shows: its own kind, twice as large.
W_K = torch.tensor([[2.0, 0.0], [0.0, 2.0]])  # (C, D)

# What a letter hands over: its own kind, ten times as large.
W_V = torch.tensor([[10.0, 0.0], [0.0, 10.0]])  # (C, D)

# One row a letter of "oh", another word, which reads "yet": o is a vowel, h a consonant.
OH = torch.tensor([[0.0, 1.0], [1.0, 0.0]])  # (T, C)


def unit(*shape: int) -> Tensor:
    """Random numbers with mean 0 and variance 1, spread evenly: the same on every processor for the same seed."""
    return (torch.rand(*shape) * 2 - 1) * 3**0.5
