"""A checkpoint is what was saved, or an error of one line."""

import errno
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from lower_triangle import checkpoint as module
from lower_triangle.checkpoint import load_checkpoint, save_checkpoint, write_atomically
from lower_triangle.config import ModelConfig
from lower_triangle.errors import CheckpointError, OutputError
from lower_triangle.variants import find_stage


@pytest.fixture
def path(tmp_path, model, manifest):
    save_checkpoint(tmp_path / "saved.safetensors", model, manifest)
    return tmp_path / "saved.safetensors"


def test_what_was_saved_is_what_is_loaded(path, model, manifest, small):
    loaded = load_checkpoint(path)
    assert loaded.manifest == manifest
    assert loaded.tokenizer.vocabulary == small.tokenizer.vocabulary
    assert torch.equal(loaded.model(small.val[None, :3]), model(small.val[None, :3]))


def test_the_same_model_makes_the_same_bytes(path, model, manifest, tmp_path):
    save_checkpoint(tmp_path / "again", model, manifest)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_loading_leaves_the_callers_random_stream_alone(path):
    before = torch.get_rng_state()
    load_checkpoint(path)
    assert torch.equal(torch.get_rng_state(), before)


def test_any_reader_of_safetensors_can_read_the_tensors(path, model):
    assert safetensors.torch.load_file(path).keys() == model.state_dict().keys()


def test_a_flipped_bit_anywhere_is_found(path):
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), 3):
        data[place] ^= 1 << place % 8
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match=r"^'[^\n]*$"):
            load_checkpoint(path)
        data[place] ^= 1 << place % 8


def test_a_file_cut_short_anywhere_is_found(path):
    data = path.read_bytes()
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(CheckpointError, match="is not a safetensors file, or only a part of one|is damaged"):
            load_checkpoint(path)


def test_a_pickle_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    torch.save(Trap(), tmp_path / "new.pt")
    torch.save(Trap(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Trap()))
    for name in ("new.pt", "old.pt", "plain.pkl"):
        with pytest.raises(
            CheckpointError, match=r"is a pickle .* so we never open one; we read the .safetensors that"
        ):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_no_length_of_the_header_is_taken_for_a_pickle(tmp_path, model, manifest):
    """The first byte of our file is the low byte of a length; of a pickle it is 0x80. Headers come in eights."""
    first = set()
    for extra in range(0, 256, 8):
        save_checkpoint(tmp_path / "a", model, replace(manifest, corpus="c" * (100 + extra)))
        first.add((tmp_path / "a").read_bytes()[0])
        assert load_checkpoint(tmp_path / "a").manifest.step == manifest.step
    assert 0x80 in first


def test_somebody_elses_tensors_are_refused(tmp_path):
    for metadata in (None, {"format": "pt"}):
        safetensors.torch.save_file({"weight": torch.ones(2)}, tmp_path / "theirs", metadata)
        with pytest.raises(CheckpointError, match="is a safetensors file without our manifest; give a checkpoint"):
            load_checkpoint(tmp_path / "theirs")


def test_a_file_that_is_not_there_is_answered_with_how_to_make_one(tmp_path):
    with pytest.raises(CheckpointError, match="^no checkpoint at '.*none'; train one: lower-triangle train head$"):
        load_checkpoint(tmp_path / "none")


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="is a folder; name the checkpoint in it, such as best.safetensors$"):
        load_checkpoint(tmp_path)


def test_a_newer_format_asks_for_an_update(tmp_path, model, manifest, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "FORMAT", 2)
        save_checkpoint(tmp_path / "newer", model, manifest)
    with pytest.raises(CheckpointError, match="is of a newer format than 1, the one we read; update lower-triangle$"):
        load_checkpoint(tmp_path / "newer")


def test_an_older_format_says_what_to_do(tmp_path, model, manifest, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "FORMAT", 0)
        save_checkpoint(tmp_path / "older", model, manifest)
    with pytest.raises(CheckpointError, match="is of an older format than 1, the one we read; train again, or read it"):
        load_checkpoint(tmp_path / "older")


def test_a_tensor_that_serves_twice_is_kept_once_and_still_serves_twice(tmp_path, sizes, manifest):
    model = find_stage("gpt").build(sizes, len(manifest.vocabulary)).eval()
    save_checkpoint(tmp_path / "tied", model, replace(manifest, stage="gpt"))
    loaded = load_checkpoint(tmp_path / "tied").model
    assert loaded.lm_head.weight is loaded.embed.token.weight
    assert torch.equal(loaded(torch.tensor([[1, 2, 3]])), model(torch.tensor([[1, 2, 3]])))


def test_a_stage_that_this_version_does_not_know_is_named(tmp_path, model, manifest):
    save_checkpoint(tmp_path / "a", model, replace(manifest, stage="later"))
    with pytest.raises(CheckpointError, match="describes a model that we cannot build: no stage called 'later'"):
        load_checkpoint(tmp_path / "a")


WRONG = {
    "missing": ("position", 5, r"tensor 'blocks.0.key.weight' is missing in the file and \(6, 6\) in the model"),
    "of another size": ("head", 7, r"tensor 'blocks.0.key.weight' is \(7, 7\) in the file and \(6, 6\) in the model"),
}


@pytest.mark.parametrize(("stage", "width", "message"), WRONG.values(), ids=WRONG.keys())
def test_tensors_that_are_not_the_models_are_named(tmp_path, small, manifest, stage, width, message):
    other = find_stage(stage).build(ModelConfig(3, width), len(small.tokenizer))
    save_checkpoint(tmp_path / "a", other, manifest)
    with pytest.raises(CheckpointError, match=f"does not fit its model: {message}"):
        load_checkpoint(tmp_path / "a")


def test_a_surplus_tensor_is_named(tmp_path, model, manifest):
    save_checkpoint(tmp_path / "a", model, replace(manifest, stage="position"))
    with pytest.raises(
        CheckpointError, match=r"tensor 'blocks.0.key.weight' is \(6, 6\) in the file and missing in the"
    ):
        load_checkpoint(tmp_path / "a")


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_other(path, monkeypatch, broken):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OutputError, match="^cannot write '.*': No space left on device; choose another place$"):
        write_atomically(path, b"new")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file_and_no_other(path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
