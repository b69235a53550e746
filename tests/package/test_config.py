"""What no model and no run could use is refused when it is asked for."""

import re

import pytest

from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.errors import UsageError

REFUSED = [
    (ModelConfig, {"context_length": 0}, "context_length=0 is not a whole number of at least 1; try context_length=8"),
    (ModelConfig, {"d_model": 2.5}, "d_model=2.5 is not a whole number of at least 1; try d_model=32"),
    (ModelConfig, {"d_model": 2**40}, "d_model=1099511627776 is more than 2**31 - 1; try d_model=32"),
    (TrainConfig, {"steps": True}, "steps=True is not a whole number of at least 1; try steps=5000"),
    (TrainConfig, {"batch_size": -1}, "batch_size=-1 is not a whole number of at least 1; try batch_size=32"),
    (TrainConfig, {"eval_every": 0}, "eval_every=0 is not a whole number of at least 1; try eval_every=500"),
    (TrainConfig, {"seed": -1}, "seed=-1 is not a whole number from 0 to 2**63 - 1; try seed=0"),
    (TrainConfig, {"learning_rate": 0.0}, "learning_rate=0.0 is not a positive number; try learning_rate=0.001"),
    (TrainConfig, {"learning_rate": float("nan")}, "learning_rate=nan is not a positive number"),
]


@pytest.mark.parametrize(("config", "fields", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_an_impossible_setting_is_refused_in_one_line(config, fields, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}[^\n]*$"):
        config(**fields)
