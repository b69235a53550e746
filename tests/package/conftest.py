"""A text and a model so small that a test takes milliseconds, and one thread, so that sums come out the same."""

import pytest
import torch

from lower_triangle.checkpoint import Manifest
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import load_corpus
from lower_triangle.variants import find_stage


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def play():
    return load_corpus("play")


@pytest.fixture(scope="session")
def small_text(play, tmp_path_factory):
    """The path of the play's first thousand characters."""
    path = tmp_path_factory.mktemp("text") / "small.txt"
    path.write_text(play.text[:1000])
    return path


@pytest.fixture(scope="session")
def small(small_text):
    return load_corpus(str(small_text))


@pytest.fixture(scope="session")
def sizes():
    return ModelConfig(context_length=3, d_model=6, n_head=2, n_layer=2)


@pytest.fixture(scope="session")
def brief():
    return TrainConfig(steps=12, batch_size=2, eval_every=5)


@pytest.fixture
def model(small, sizes):
    torch.manual_seed(0)
    return find_stage("head").build(sizes, len(small.tokenizer)).eval()


@pytest.fixture
def manifest(small, sizes):
    return Manifest("head", sizes, small.tokenizer.vocabulary, 7, 2.5, small.name, small.sha256)
