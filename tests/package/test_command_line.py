"""The command line as its users meet it: what it prints, and how it answers mistakes."""

import json
import os
import signal
import subprocess
import sys

import pytest
import torch

from lower_triangle import train as train_module
from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.cli import COMMANDS, main
from lower_triangle.loss import evaluate

BRIEF = "--steps 12 --batch-size 2 --context-length 3 --d-model 5 --eval-every 5".split()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def trained(folder, small_text, capsys):
    """A folder in which head has been trained."""
    assert main(["train", "head", "--corpus", str(small_text), *BRIEF]) == 0
    capsys.readouterr()
    return folder


def test_train_prints_a_summary_and_keeps_two_checkpoints(folder, small_text, capsys):
    assert main(["train", "head", "--corpus", str(small_text), *BRIEF]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    params = sum(tensor.numel() for tensor in load_checkpoint("runs/head/last.safetensors").model.parameters())
    assert lines[0] == f"head: {params} parameters, 12 steps on {small_text}"
    assert [line[:23].strip() for line in lines[1:]] == [
        "best validation loss",
        "final validation loss",
        "final training loss",
        "checkpoints",
        "speed",
    ]
    assert lines[4].split()[1:] == ["runs/head/best.safetensors,", "runs/head/last.safetensors"]
    assert load_checkpoint(folder / "runs/head/last.safetensors").manifest.step == 12


def test_train_gives_a_program_the_same_numbers(folder, small_text, capsys):
    assert main(["train", "head", "--corpus", str(small_text), "--json", "--out", "a", *BRIEF]) == 0
    result = json.loads(capsys.readouterr().out)
    last = load_checkpoint(result["last"]).manifest
    assert result["curve"][-1] == [last.step, last.val_loss] == [12, result["final_val"]]


def test_flags_are_understood_with_underscores_too(folder, small_text):
    flags = [word.replace("-", "_").replace("__", "--", 1) for word in BRIEF]
    assert flags != BRIEF
    assert main(["train", "head", "--corpus", str(small_text), *flags]) == 0


def test_sample_writes_the_same_text_for_the_same_seed(trained, capsys):
    texts = []
    for words in (["--seed", "3"], ["--seed", "3"], ["--seed", "4"]):
        assert main(["sample", "runs/head", "--length", "50", *words]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]
    assert len(texts[0]) == 51


def test_sample_continues_a_prompt(trained, capsys):
    assert main(["sample", "runs/head/last.safetensors", "--prompt", "the", "--length", "5"]) == 0
    shown = capsys.readouterr().out
    assert main(["sample", "runs/head/last.safetensors", "--prompt", "the", "--length", "5", "--json"]) == 0
    assert shown == "the" + json.loads(capsys.readouterr().out)["text"] + "\n"


def test_evaluate_is_exact_on_every_split(trained, small, capsys):
    model = load_checkpoint("runs/head/best.safetensors").model
    assert main(["evaluate", "runs/head", "--split", "both", "--json"]) == 0
    losses = json.loads(capsys.readouterr().out)["losses"]
    assert losses == {"train": evaluate(model, small.train), "val": evaluate(model, small.val)}
    assert main(["evaluate", "runs/head"]) == 0
    expected = f"val   {losses['val']:.4f} nats per character, over 100 characters of {small.name}\n"
    assert capsys.readouterr().out == expected


def test_another_text_is_read_in_the_models_own_vocabulary(trained, capsys):
    text = "Suppose this door" * 10
    (trained / "other.txt").write_text(text)
    checkpoint = load_checkpoint("runs/head/best.safetensors")
    tokens = torch.tensor(checkpoint.tokenizer.encode(text))[int(0.9 * len(text)) :]
    assert main(["evaluate", "runs/head", "--corpus", "other.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["losses"]["val"] == evaluate(checkpoint.model, tokens)


def test_a_text_that_has_changed_since_is_not_passed_over(folder, small_text, capsys):
    (folder / "mine.txt").write_text(small_text.read_text())
    assert main(["train", "head", "--corpus", "mine.txt", *BRIEF]) == 0
    (folder / "mine.txt").write_text(small_text.read_text()[:-9])
    assert main(["evaluate", "runs/head"]) == 1
    assert "'mine.txt' is no longer the text this was trained on" in capsys.readouterr().err


def test_reproduce_counts_too_and_prints_a_row_for_each_length(folder, small_text, capsys):
    assert main(["reproduce", "counting", "--corpus", str(small_text)]) == 0
    rows = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert rows == [["runs", "of", str(order)] for order in range(1, 7)]
    assert [path.name for path in (folder / "results").iterdir()] == ["counting.json"]


def test_reproduce_prints_a_row_for_each_stage(folder, small_text, capsys, monkeypatch):
    monkeypatch.setattr("lower_triangle.train.fit", lambda *arguments: [(5000, 2.5)])
    assert main(["reproduce", "head", "bigram", "--corpus", str(small_text), "--seeds", "2"]) == 0
    rows = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["name", "head", "bigram"]
    assert [row[2] for row in rows[1:]] == ["2.5000", "2.5000"]
    assert {path.name for path in (folder / "results").iterdir()} == {
        f"{stage}.{kind}" for stage in ("head", "bigram") for kind in ("json", "safetensors")
    }


MISTAKES = {
    "": (2, "no command given; there are train, sample, evaluate, inspect, export, reproduce"),
    "trian": (2, "no command called 'trian'; did you mean 'train'?"),
    "train": (2, "train needs a STAGE; see lower-triangle train --help"),
    "train head --n-layer 2": (2, "'head' has no n_layer to set; its sizes are context_length, d_model"),
    "train multi_head --n-head 5": (2, "d_model=32 does not split into n_head=5 equal heads; try d_model=30 or 35"),
    "train head --show -1 --out runs/a --corpus {text}": (2, "show=-1 is not a whole number of at least 0; try --show"),
    "train head --resume": (2, "the run in 'runs/head' is over: it took 12 steps; for a longer one, train anew"),
    "train head --resume --steps 13 --seed 1": (2, "'runs/head' was trained with steps=12, seed=0 and cannot"),
    "train head --resume --out runs/none": (1, "nothing was saved in 'runs/none' that a run could go on from; leave"),
    "train head --resume --overwrite": (2, "--resume goes on with a run and --overwrite loses it; give one of them"),
    "sample runs/head --top-k 0": (2, "top_k=0 is not from 1 to the 43 tokens there are; try top_k=21"),
    "sample runs/head --top-p 2": (2, "top_p=2.0 is not above 0 and at most 1; try top_p=0.9"),
    "train hed": (2, "no stage called 'hed'; did you mean 'head'?"),
    "train head extra": (2, "train does not know what to do with 'extra'; see lower-triangle train --help"),
    "train head --stepz 3": (2, "train has no flag --stepz; did you mean '--steps'?"),
    "train head --step 3": (2, "train has no flag --step; did you mean '--steps'?"),
    "train head --steps": (2, "--steps needs a value; write --steps=VALUE where"),
    "train head --steps abc": (2, "--steps takes a whole number, not 'abc'; see lower-triangle train --help"),
    "train head --steps 0": (2, "steps=0 is not a whole number of at least 1; try steps=5000"),
    "train head --batch-size 1.5": (2, "--batch-size takes a whole number, not '1.5'"),
    "train head --learning-rate fast": (2, "--learning-rate takes a number, not 'fast'"),
    "train head --learning-rate -1": (2, "learning_rate=-1.0 is not a positive number"),
    "train head --overwrite=yes": (2, "argument --overwrite: ignored explicit argument 'yes'; see"),
    "train head --corpus pley": (1, "no corpus is called 'pley', and no file; did you mean 'play'?"),
    "train head --corpus .": (1, "'.' is a folder; give a text file"),
    "train head --context-length 99999": (1, "'play' is too short: it has "),
    "train head --steps 2 --out file/run": (1, "cannot write in 'file/run': Not a directory; choose another folder"),
    "train head --steps 2 --out file": (1, "cannot write in 'file': File exists; choose another folder"),
    "train head --corpus {text} --steps 9 --out runs/a --learning-rate 1e30": (
        1,
        "the loss is nan at step 2, so the update was not made; try a smaller lea",
    ),
    "train head --steps 2": (
        1,
        "'runs/head' already holds best.safetensors and last.safetensors; choose another --out",
    ),
    f"train head --steps 2 --out {'o' * 300}": (1, "cannot write in 'ooo"),
    f"train head --corpus {'c' * 300}": (1, "cannot read 'ccc"),
    f"sample {'s' * 300}": (1, "cannot read 'sss"),
    "sample": (2, "sample needs a CHECKPOINT; see lower-triangle sample --help"),
    "sample nowhere": (1, "no checkpoint at 'nowhere'; train one: lower-triangle train head"),
    "sample runs": (1, "no checkpoint at 'runs/best.safetensors'; train one"),
    "sample file": (1, "'file' is not a safetensors file, or only a part of one"),
    "sample runs/head --temperature -1": (2, "temperature=-1.0 is not a number of at least 0; try 0"),
    "sample runs/head --temperature nan": (2, "--temperature takes a number, not 'nan'"),
    "sample runs/head --temperature .nan": (2, "temperature=nan is not a number of at least 0; try 0"),
    "sample runs/head --length 0": (2, "length=0 is not a whole number of at least 1; try --length 400"),
    "sample runs/head --prompt é": (1, "cannot encode 'é' at position 0: the vocabulary has "),
    "sample runs/head --prompt=": (2, "cannot continue an empty prompt; give at least one character"),
    "evaluate runs/head --split test": (2, "no split called 'test'; there are val, train, both"),
    "evaluate runs/head --corpus nothing.txt": (1, "no corpus is called 'nothing.txt', and no file; give play or"),
    "reproduce hed": (2, "no recorded run is called 'hed'; did you mean 'head'?"),
    "reproduce head --corpus play --seeds 0": (2, "seeds=0 is no number of runs; try seeds=3"),
}


@pytest.mark.parametrize(("words", "expected"), MISTAKES.items(), ids=MISTAKES.keys())
def test_a_mistake_is_answered_in_one_line_and_leaves_nothing(trained, small_text, capsys, words, expected):
    (trained / "file").touch()
    before = sorted(trained.rglob("*"))
    code = main(words.format(text=small_text).split())
    out, err = capsys.readouterr()
    assert (code, out) == (expected[0], "")
    assert err.startswith(f"lower-triangle: {expected[1]}")
    assert err.count("\n") == 1
    assert sorted(trained.rglob("*")) == before


def test_an_interruption_is_one_line_and_code_130(folder, small_text, capsys, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("lower_triangle.train.fit", interrupt)
    assert main(["train", "head", "--corpus", str(small_text)]) == 130
    assert capsys.readouterr() == ("", "lower-triangle: interrupted\n")
    assert list(folder.iterdir()) == []


def test_too_little_memory_is_one_line(folder, small_text, capsys, monkeypatch):
    def exhaust(*arguments):
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 260000000000 bytes.\nmore"
        )

    monkeypatch.setattr("lower_triangle.train.fit", exhaust)
    assert main(["train", "head", "--corpus", str(small_text)]) == 1
    expected = "lower-triangle: not enough memory; try a smaller --d-model, --context-length or --batch-size\n"
    assert capsys.readouterr() == ("", expected)


def test_a_reader_who_leaves_hears_no_complaint(trained):
    command = [sys.executable, "-m", "lower_triangle", "sample", "runs/head", "--length", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(9)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_help_comes_without_torch():
    """Torch takes seconds to import; help shall not."""
    script = "import sys; from lower_triangle.cli import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    slips = ["train head --stepz", "check", "check one-head nowhere.py"]
    for words in map(str.split, ["--help", "train --help", "exercises", "exercises one-head", *slips]):
        subprocess.run([sys.executable, "-c", script, *words], check=True, capture_output=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_every_flag_in_dashes_with_a_sentence_and_two_examples(command, capsys):
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(example in out for example in COMMANDS[command].examples)
    assert COMMANDS[command].purpose in out
    assert "_" not in "".join(word for word in out.split() if word.startswith("--"))
    assert "None" not in out


def test_help_lists_the_stages_and_the_commands(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)
    assert main(["train", "--help"]) == 0
    assert "  head          The average weighted by query and key" in capsys.readouterr().out


def test_resume_needs_no_flag_again_and_says_what_the_whole_run_came_to(folder, small_text, capsys, monkeypatch):
    stopped_at = []
    take_step = train_module.take_step

    def interrupted(model, optimizer, batch, step, *others):
        if step == 7 and not stopped_at:
            stopped_at.append(step)
            os.kill(os.getpid(), signal.SIGINT)
        return take_step(model, optimizer, batch, step, *others)

    monkeypatch.setattr(train_module, "take_step", interrupted)
    asked = ["train", "head", "--corpus", str(small_text), "--device", "cpu", "--precision", "bfloat16", *BRIEF]
    assert main(asked) == 130
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)  # one that was not asked for
    assert "stopped after step 7 and saved it in 'runs/head'" in capsys.readouterr().err
    assert main(["train", "head", "--resume"]) == 0
    resumed = capsys.readouterr().out.replace("runs/head", "runs/other").splitlines()
    assert main([*asked, "--out", "runs/other"]) == 0
    straight = capsys.readouterr().out.splitlines()
    assert resumed[:-1] == straight[:-1], "all but the speed"


def test_show_lets_the_model_write_after_each_evaluation(folder, small_text, capsys):
    assert main(["train", "head", "--corpus", str(small_text), "--show", "9", *BRIEF]) == 0
    shown = capsys.readouterr().err
    assert [f"step {step}, validation loss" in shown for step in (5, 10, 12)] == [True] * 3


def test_a_prompt_longer_than_the_context_is_cropped_with_a_note(trained, capsys):
    assert main(["sample", "runs/head", "--prompt", "then", "--length", "9", "--top-k", "5"]) == 0
    long = capsys.readouterr()
    assert long.err == "note: the prompt has 4 characters and the model's context 3; it reads the last ones only\n"
    assert main(["sample", "runs/head", "--prompt", "hen", "--length", "9", "--top-k", "5"]) == 0
    short = capsys.readouterr()
    assert (long.out, short.err) == ("t" + short.out, "")
