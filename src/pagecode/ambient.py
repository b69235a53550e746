"""What a program could leave behind for the next one, put back before each."""

import decimal
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

import matplotlib
import matplotlib.pyplot
import numpy
import torch

# Modules whose attributes a program could replace, and so change another one's meaning.
GUARDED = (
    *("builtins", "math", "random", "statistics", "numpy", "torch", "torch.linalg"),
    *("torch.nn", "torch.nn.functional", "torch.nn.init"),
)
NUMPY_ERRORS = numpy.geterr()
NUMPY_PRINTS = {key: value for key, value in numpy.get_printoptions().items() if key != "override_repr"}


class Ambient:
    """A clean state of the process, as it was when this object was made, to which it can be taken back."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self.packages = packages
        matplotlib.use("agg")
        torch.set_num_threads(1)
        modules = [import_module(name) for name in GUARDED]
        public = [*vars(torch.nn).values(), *vars(torch.optim).values(), torch.Tensor]
        classes = {value for value in public if isinstance(value, type)}
        self.saved = {owner: dict(vars(owner)) for owner in [*modules, *classes]}
        self.environment = dict(os.environ)
        self.path = list(sys.path)
        self.cwd = Path.cwd()

    @contextmanager
    def apart(self) -> Iterator[Path]:
        """An empty folder to stand in, gone afterwards; what else runs in this process finds its own state again."""
        modules, environment, cwd = self.own_modules(), dict(os.environ), Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            try:
                yield Path(folder)
            finally:
                self.restore(seed=0)
                sys.modules.update(modules)
                put_back_environment(environment)
                os.chdir(cwd)

    def restore(self, seed: int) -> None:
        """Put everything back, and seed the generators with a `seed` that means nothing."""
        # Imported again, the project's own modules are as new, and so are their classes.
        for name in self.own_modules():
            del sys.modules[name]
        for owner, saved in self.saved.items():
            put_back(owner, saved)
        put_back_environment(self.environment)
        sys.path[:] = self.path
        os.chdir(self.cwd)
        random.seed(seed)
        numpy.random.seed(seed)
        numpy.set_printoptions(**NUMPY_PRINTS)
        numpy.seterr(**NUMPY_ERRORS)
        decimal.setcontext(decimal.Context())
        restore_torch(seed)
        matplotlib.pyplot.close("all")
        matplotlib.rcdefaults()
        matplotlib.use("agg")

    def own_modules(self) -> dict[str, ModuleType]:
        """The modules of the project that have been imported."""
        return {name: module for name, module in sys.modules.items() if name.split(".")[0] in self.packages}


def restore_torch(seed: int) -> None:
    """Take torch's settings back to what they are after its import, but for one thread."""
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    if torch.are_deterministic_algorithms_enabled():  # the setter imports a compiler, which takes a second
        torch.use_deterministic_algorithms(False)
    torch.set_num_threads(1)
    torch.set_printoptions(profile="default", sci_mode=None)


def put_back(owner: ModuleType | type, saved: dict) -> None:
    """Undo what was replaced in, removed from or added to a module or a class; modules that load late stay."""
    for name, value in saved.items():
        if vars(owner).get(name) is not value:
            setattr(owner, name, value)
    for name, value in list(vars(owner).items()):
        if name not in saved and not isinstance(value, ModuleType):
            delattr(owner, name)


def put_back_environment(saved: dict[str, str]) -> None:
    """Make the process's environment what it was."""
    os.environ.clear()
    os.environ.update(saved)
