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
    (ModelConfig, {"n_head": 0}, "n_head=0 is not a whole number of at least 1; try n_head=4"),
    (ModelConfig, {"n_layer": 0}, "n_layer=0 is not a whole number of at least 1; try n_layer=3"),
    (ModelConfig, {"dropout": 1}, "dropout=1 is not a number from 0 to below 1; try dropout=0.0"),
    (ModelConfig, {"dropout": float("nan")}, "dropout=nan is not a number from 0 to below 1; try dropout=0.0"),
    (TrainConfig, {"warmup": -1}, "warmup=-1 is not a whole number of at least 0; try warmup=0"),
    (TrainConfig, {"patience": -1}, "patience=-1 is not a whole number of at least 0; try patience=0"),
    (TrainConfig, {"final_share": 1.5}, "final_share=1.5 is not a number from 0 to 1; try final_share=1.0"),
    (TrainConfig, {"beta2": 1.0}, "beta2=1.0 is not a number from 0 to below 1; try beta2=0.999"),
    (TrainConfig, {"weight_decay": -1}, "weight_decay=-1 is not a number of at least 0; try weight_decay=0.01"),
    (TrainConfig, {"clip": float("inf")}, "clip=inf is not a number of at least 0; try clip=0.0"),
    (
        TrainConfig,
        {"batch_size": 8, "accumulate": 3},
        "batch_size=8 does not split into accumulate=3 equal parts; try batch_size=6 or 9",
    ),
    (
        TrainConfig,
        {"batch_size": 2, "accumulate": 3},
        "batch_size=2 does not split into accumulate=3 equal parts; try batch_size=3",
    ),
]


@pytest.mark.parametrize(("config", "fields", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_an_impossible_setting_is_refused_in_one_line(config, fields, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}[^\n]*$"):
        config(**fields)


def test_the_inner_width_follows_the_outer():
    assert ModelConfig(d_model=6).d_ff == 24
