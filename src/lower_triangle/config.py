"""The sizes of a model and the settings of a run, checked when they are made."""

import math
from dataclasses import dataclass, fields

from lower_triangle.errors import UsageError


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of a model. A stage reads those it has a use for.

    Args:
        context_length: how many tokens the model can look back on, its own included (T)
        d_model: the width of a token's vector on its way through the model (C)
        n_head: how many heads share that width (H)
        n_layer: how many blocks follow each other
        dropout: the share of numbers that is set to 0 while the model trains, from 0 to below 1

    Raises:
        UsageError: for a size that is not a positive whole number, or a share that is none.
    """

    context_length: int = 8
    d_model: int = 32
    n_head: int = 4
    n_layer: int = 3
    dropout: float = 0.0

    def __post_init__(self) -> None:
        require_positive(self, "context_length", "d_model", "n_head", "n_layer")
        require_range(self, "dropout", 0, 1)

    @property
    def d_ff(self) -> int:
        """The inner width of a feed-forward layer, four times its outer one (F)."""
        return 4 * self.d_model


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one training run.

    Args:
        steps: how many updates
        batch_size: how many chunks of text a step learns from (B)
        learning_rate: AdamW's step size at its highest; left out, the stage's own (0.01 for bigram, else 0.001)
        warmup: over how many of the first steps the learning rate grows to that
        final_share: what part of the learning rate is left at the last step, along a cosine; 1 keeps it level
        weight_decay: AdamW's pull of the matrices towards 0; vectors, such as biases, are left alone
        beta2: how slowly AdamW forgets how large gradients were
        clip: the longest gradient that a step takes as it is; a longer one is shortened to this; 0 shortens none
        accumulate: in how many parts a batch is worked through, one after the other, to need less memory
        patience: stop after so many evaluations without a new best; 0 never does
        eval_every: evaluate on the whole validation split every so many steps, and after the last
        seed: of the initial weights, of dropout and of the order of batches

    Raises:
        UsageError: for a value that no run could use.
    """

    steps: int = 5000
    batch_size: int = 32
    learning_rate: float | None = None
    warmup: int = 0
    final_share: float = 1.0
    weight_decay: float = 0.01
    beta2: float = 0.999
    clip: float = 0.0
    accumulate: int = 1
    patience: int = 0
    eval_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive(self, "steps", "batch_size", "accumulate", "eval_every")
        require_positive(self, "warmup", "patience", least=0)
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise UsageError(f"seed={self.seed!r} is not a whole number from 0 to 2**63 - 1; try seed=0")
        rate = self.learning_rate
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise UsageError(f"learning_rate={rate!r} is not a positive number; try learning_rate=0.001")
        require_range(self, "final_share", 0, 1, with_end=True)
        require_range(self, "beta2", 0, 1)
        require_range(self, "weight_decay", 0, math.inf)
        require_range(self, "clip", 0, math.inf)
        if self.batch_size % self.accumulate:
            raise UsageError(
                f"batch_size={self.batch_size} does not split into accumulate={self.accumulate} equal parts; "
                f"{nearest_splits('batch_size', self.batch_size, self.accumulate)}"
            )


def nearest_splits(name: str, given: int, parts: int) -> str:
    """End a message about a number that does not split: the nearest ones below and above that do."""
    below, above = given // parts * parts, (given // parts + 1) * parts
    return f"try {name}={below} or {above}" if below else f"try {name}={above}"


def require_positive(config: object, *names: str, least: int = 1) -> None:
    """Refuse a field of `config` that is not a whole number of at least `least`."""
    defaults = {field.name: field.default for field in fields(config)}
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UsageError(f"{name}={value!r} is not a whole number of at least {least}; try {name}={defaults[name]}")
        if value >= 2**31:
            raise UsageError(f"{name}={value} is more than 2**31 - 1; try {name}={defaults[name]}")


def require_range(config: object, name: str, low: float, high: float, with_end: bool = False) -> None:
    """Refuse a field of `config` that is not a number from `low` up to `high`, itself allowed only `with_end`."""
    value = getattr(config, name)
    default = next(field.default for field in fields(config) if field.name == name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and (low <= value < high or (with_end and value == high))):
        above = "" if high == math.inf else f" to {high}" if with_end else f" to below {high}"
        least = f"of at least {low}" if high == math.inf else f"from {low}{above}"
        raise UsageError(f"{name}={value!r} is not a number {least}; try {name}={default}")


# What `gpt` is trained with where nothing else is said: nanoGPT's setting for a computer without a GPU.
GPT_SIZES = ModelConfig(context_length=64, d_model=128, n_head=4, n_layer=4)
GPT_SETTINGS = TrainConfig(
    steps=2000,
    batch_size=12,
    warmup=100,
    final_share=0.1,
    weight_decay=0.1,
    beta2=0.99,
    clip=1.0,
    eval_every=250,
)
