"""The sizes of a model and the settings of a run, checked when they are made."""

import math
from dataclasses import dataclass, fields

from lower_triangle.errors import UsageError


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of a model.

    Args:
        context_length: how many tokens the model can look back on, its own included (T)
        d_model: the width of a token's vector on its way through the model (C)

    Raises:
        UsageError: for a size that is not a positive whole number.
    """

    context_length: int = 8
    d_model: int = 32

    def __post_init__(self) -> None:
        require_positive(self, "context_length", "d_model")


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one training run.

    Args:
        steps: how many updates
        batch_size: how many chunks of text a step learns from (B)
        learning_rate: AdamW's step size; left out, the stage's own (0.01 for bigram, 0.001 for the others)
        eval_every: evaluate on the whole validation split every so many steps, and after the last
        seed: of the initial weights and of the order of batches

    Raises:
        UsageError: for a value that no run could use.
    """

    steps: int = 5000
    batch_size: int = 32
    learning_rate: float | None = None
    eval_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive(self, "steps", "batch_size", "eval_every")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise UsageError(f"seed={self.seed!r} is not a whole number from 0 to 2**63 - 1; try seed=0")
        rate = self.learning_rate
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise UsageError(f"learning_rate={rate!r} is not a positive number; try learning_rate=0.001")


def require_positive(config: object, *names: str) -> None:
    """Refuse a field of `config` that is not a whole number of at least 1."""
    defaults = {field.name: field.default for field in fields(config)}
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UsageError(f"{name}={value!r} is not a whole number of at least 1; try {name}={defaults[name]}")
        if value >= 2**31:
            raise UsageError(f"{name}={value} is more than 2**31 - 1; try {name}={defaults[name]}")
