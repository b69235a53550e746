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

# "yet" for two heads, each reading its own two numbers: the letter as it was, and (begins the word, does not).
YET_TWICE = torch.tensor([[0.5, 0.5, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]])  # (T, C)

# The matrices of the first head stand above, and it does not read the last two numbers. The second does not read the
# first two: every letter asks for the one that began the word, which alone shows it, and values are ten times the two.
NOTHING = torch.zeros(2, 2)
TWO_Q = torch.stack([torch.cat([W_Q, NOTHING]), torch.cat([NOTHING, torch.tensor([[1.0, 0.0], [1.0, 0.0]])])])
TWO_K = torch.stack([torch.cat([W_K, NOTHING]), torch.cat([NOTHING, torch.tensor([[2.0, 0.0], [0.0, 0.0]])])])
TWO_V = torch.stack([torch.cat([W_V, NOTHING]), torch.cat([NOTHING, W_V])])  # each (H, C, D)


def unit(*shape: int) -> Tensor:
    """Random numbers with mean 0 and variance 1, spread evenly: the same on every processor for the same seed."""
    return (torch.rand(*shape) * 2 - 1) * 3**0.5
