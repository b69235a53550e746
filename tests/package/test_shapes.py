"""The Shapes: lines of the docstrings, held true by calling each object at sizes that are all different."""

import importlib
import inspect
import random
import re

import pytest
import torch

from lower_triangle.config import ModelConfig
from lower_triangle.variants import find_stage

MODULES = ("attention", "blocks", "corpus", "counting", "generate", "loss", "model", "norms", "softmax", "beyond.positions")
SIZES = {"B": 2, "T": 3, "C": 10, "D": 8, "V": 11, "Tq": 13, "Tk": 17, "N": 41, "F": 29, "H": 5, "G": 31, "P": 4}
LEADING = (19, 23)


def a_model():
    return find_stage("head").build(ModelConfig(context_length=SIZES["T"], d_model=SIZES["C"]), SIZES["V"])


# What an argument that is no tensor is given, by its name.
ARGUMENTS = {
    "T": SIZES["T"],
    "width": SIZES["D"],
    "Tq": SIZES["Tq"],
    "Tk": SIZES["Tk"],
    "context_length": SIZES["T"],
    "d_model": SIZES["C"],
    "head_dim": SIZES["D"],
    "n_head": SIZES["H"],
    "d_ff": SIZES["F"],
    "dropout": 0.5,
    "activation": torch.nn.ReLU(),
    "attn": torch.nn.Identity(),
    "ffn": torch.nn.Identity(),
    "ln_1": torch.nn.Identity(),
    "ln_2": torch.nn.Identity(),
    "vocab_size": SIZES["V"],
    "batch_size": SIZES["B"],
    "generator": torch.Generator(),
    "rng": random.Random(0),
    "k": 2,
    "dim": -1,
    "p": 0.5,
    "model": a_model(),
}


def shapes_of(thing: object) -> dict[str, list[tuple[int, ...]]]:
    """Each name of a docstring's Shapes: with the sizes that its letters stand for."""
    _, _, section = (inspect.getdoc(thing) or "").partition("\nShapes:\n")
    lines = re.findall(r"^    (\w+): (.*)$", section.partition("\n\n")[0], re.MULTILINE)
    return {name: [as_sizes(shape) for shape in re.findall(r"\(([^)]*)\)", text)] for name, text in lines}


def as_sizes(letters: str) -> tuple[int, ...]:
    names = [name.strip() for name in letters.split(",") if name.strip()]
    return sum((LEADING if name == "..." else (SIZES[name],) for name in names), ())


def tensor(name: str, size: tuple[int, ...]) -> torch.Tensor:
    if name in ("tokens", "targets"):
        return torch.randint(SIZES["V"], size)
    return torch.ones(size, dtype=torch.bool) if name == "visible" else torch.randn(size)


def public_objects() -> list:
    modules = [importlib.import_module(f"lower_triangle.{name}") for name in MODULES]
    found = [thing for module in modules for thing in vars(module).values() if is_own(thing, module)]
    return [pytest.param(thing, id=f"{thing.__module__}.{thing.__qualname__}") for thing in found]


def is_own(thing: object, module: object) -> bool:
    is_code = inspect.isfunction(thing) or (inspect.isclass(thing) and issubclass(thing, torch.nn.Module))
    return is_code and thing.__module__ == module.__name__


def touches_tensors(thing: object) -> bool:
    return torch.Tensor in inspect.get_annotations(thing.forward if inspect.isclass(thing) else thing).values()


def instance(thing: type) -> torch.nn.Module:
    if thing.__name__ == "LanguageModel":
        return a_model()
    if thing.__init__ is torch.nn.Module.__init__:
        return thing()
    required = [p.name for p in inspect.signature(thing).parameters.values() if p.default is p.empty]
    return thing(**{name: ARGUMENTS[name] for name in required})


@pytest.mark.parametrize("thing", public_objects())
def test_what_a_docstring_says_of_shapes_is_so(thing):
    shapes = shapes_of(thing)
    assert bool(shapes) or not touches_tensors(thing), "it takes or gives tensors and does not say their shapes"
    if not shapes:
        return
    call = instance(thing) if inspect.isclass(thing) else thing
    given = {name: tensor(name, sizes[0]) for name, sizes in shapes.items() if name != "returns"}
    required = [
        p for p in inspect.signature(getattr(call, "forward", call)).parameters.values() if p.default is p.empty
    ]
    given |= {p.name: ARGUMENTS[p.name] for p in required if p.name not in given}
    result = call(**given)
    if "returns" in shapes:
        results = result if isinstance(result, tuple) else (result,)
        assert [tuple(each.shape) for each in results] == shapes["returns"]


def test_the_sizes_are_all_different():
    sizes = [*SIZES.values(), *LEADING]
    assert len(set(sizes)) == len(sizes)
