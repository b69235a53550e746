"""What `inspect` says of checkpoints, ours and others'."""

import json
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch

from lower_triangle.checkpoint import load_checkpoint, save_checkpoint
from lower_triangle.cli import main
from lower_triangle.corpus import packaged
from lower_triangle.errors import CheckpointError
from lower_triangle.inspecting import describe, inspect

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize(
    ("name", "source", "context_length", "vocab_size", "layer"),
    [
        ("nanogpt-bias.safetensors", "nanoGPT", 16, 65, 12 * 16**2 + 13 * 16),
        (packaged("data", "nanogpt.safetensors"), "nanoGPT", 16, 65, 12 * 16**2 + 2 * 16),
        ("lecture-gpt.safetensors", "the lecture's gpt.py", 8, 65, 12 * 16**2 + 10 * 16),
        ("hf-gpt2-tiny", "GPT-2", 20, 97, 12 * 24**2 + 13 * 24),
        ("gpt2-published-tiny", "GPT-2", 20, 97, 12 * 24**2 + 13 * 24),
    ],
)
def test_others_are_known_and_counted(name, source, context_length, vocab_size, layer):
    found = inspect(GOLDEN / name)
    assert (found.source, found.context_length, found.vocab_size) == (source, context_length, vocab_size)
    # The counts by hand: 12 C² of matrices in a block, and its biases and norms.
    assert {number for part, number in found.parts.items() if part.startswith("blocks")} == {layer}
    assert (
        found.parameters == sum(found.parts.values()) == sum(torch.Size(each).numel() for each in found.shapes.values())
    )
    assert found.vocabulary is None


def test_ours_is_known_with_its_vocabulary(tmp_path, model, manifest, small):
    save_checkpoint(tmp_path / "best.safetensors", model, manifest)
    found = inspect(tmp_path)
    assert found == inspect(tmp_path / "best.safetensors")
    assert found.source == f"ours, stage head, after 7 steps on {manifest.corpus}"
    assert found.vocabulary == small.tokenizer.vocabulary
    assert found.shared == {}
    assert found.parts == {"embed.token": 43 * 6, "embed.position": 3 * 6, "blocks.0": 3 * 36, "lm_head": 6 * 43 + 43}


def test_a_head_that_is_the_table_is_counted_once():
    path = packaged("results", "gpt.safetensors")
    found = inspect(path)
    assert found.parameters == 804_096 == sum(each.numel() for each in load_checkpoint(path).model.parameters())
    assert "lm_head" not in found.parts
    assert found.shared == {"lm_head.weight": "embed.token.weight"}
    assert describe(found).splitlines()[-1].split() == "the same lm_head.weight as embed.token.weight".split()


def test_weights_that_stand_alone_in_their_file_are_read_too(tmp_path):
    weights = safetensors.torch.load_file(GOLDEN / "lecture-gpt.safetensors")
    weights = {name.removeprefix("weights."): each for name, each in weights.items() if name.startswith("weights.")}
    config = {"vocab_size": 65, "block_size": 8, "n_embd": 16, "n_head": 4, "n_layer": 2}
    safetensors.torch.save_file(weights, tmp_path / "alone.safetensors", metadata={"config": json.dumps(config)})
    assert inspect(tmp_path / "alone.safetensors") == inspect(GOLDEN / "lecture-gpt.safetensors")
    compiled = {f"_orig_mod.{name}": each for name, each in weights.items()}
    safetensors.torch.save_file(compiled, tmp_path / "compiled.safetensors", metadata={"config": json.dumps(config)})
    assert inspect(tmp_path / "compiled.safetensors") == inspect(tmp_path / "alone.safetensors")
    safetensors.torch.save_file(weights, tmp_path / "mute.safetensors")
    with pytest.raises(CheckpointError, match="does not say what sizes its model has; save it with them: "):
        inspect(tmp_path / "mute.safetensors")


@pytest.mark.parametrize("config", ["{", "[1]", '"x"'])
def test_a_config_that_is_none_is_named(tmp_path, config):
    weights = {"transformer.wte.weight": torch.zeros(2, 2)}
    safetensors.torch.save_file(weights, tmp_path / "odd.safetensors", metadata={"config": config})
    with pytest.raises(CheckpointError, match="odd.safetensors' (does not say what sizes|has a config that is no obj)"):
        inspect(tmp_path / "odd.safetensors")


def test_the_command_says_the_same_to_people_and_to_programs(capsys):
    place = str(GOLDEN / "nanogpt-bias.safetensors")
    assert main(["inspect", place, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["source"] == "nanoGPT" and said["shapes"]["embed.token.weight"] == [65, 16]
    assert main(["inspect", place]) == 0
    text = capsys.readouterr().out
    assert f"parameters  {said['parameters']:,}\n" in text
    assert "       65 × 16  embed.token.weight\n" in text
    assert "vocabulary  65 tokens, not in the file\n" in text


def test_what_is_no_checkpoint_gets_one_line(tmp_path, capsys):
    torch.save({"a": 1}, tmp_path / "pickle.pt")
    safetensors.torch.save_file({"a": torch.zeros(2)}, tmp_path / "strange.safetensors")
    shutil.copytree(GOLDEN / "hf-gpt2-tiny", tmp_path / "gpt2")
    (tmp_path / "gpt2/model.safetensors").unlink()
    (tmp_path / "half.safetensors").write_bytes((GOLDEN / "nanogpt-bias.safetensors").read_bytes()[:-10])
    (tmp_path / "list.safetensors").write_bytes((2).to_bytes(8, "little") + b"[]")
    places = {
        "nowhere": "no checkpoint at ",
        "pickle.pt": "is a pickle",
        "strange.safetensors": "holds the weights of no model that we know; ",
        "gpt2": "No such file",
        "half.safetensors": "is only a part of a safetensors file",
        "list.safetensors": "is only a part of a safetensors file",
    }
    for name, part in places.items():
        assert main(["inspect", str(tmp_path / name)]) == 1
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and part in err, err
