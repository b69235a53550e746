"""The command line: lower-triangle train | sample | evaluate | inspect | export | reproduce | exercises | check.

What needs torch is imported where it is used, so that the help, and the answer to a slip of the keyboard, come at once.
"""

import ast
import json
import os
import random
import shutil
import sys
import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from lower_triangle.config import GPT_SETTINGS, GPT_SIZES, ModelConfig, TrainConfig
from lower_triangle.errors import CorpusError, Interrupted, LowerTriangleError, UsageError, did_you_mean
from lower_triangle.exercises.commands import add_check, add_exercises, run_check, run_exercises
from lower_triangle.flags import PROGRAM, Parser, add_json

INTERRUPTED = 130
PIPE_CLOSED = 141


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for a mistake in the asking, 1 for another, said in one line."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character shows its escape instead
            stream.reconfigure(errors="backslashreplace")
    try:
        code = dispatch(words)
        sys.stdout.flush()
    except LowerTriangleError as error:
        if isinstance(error, UsageError | Interrupted) and not is_first_process():
            return error.exit_code  # the first says it for all
        return complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise  # torch has no type of its own for this
        return complain("not enough memory; try a smaller --d-model, --context-length or --batch-size", 1)
    except BrokenPipeError:
        # Whoever read our output has left. Python would complain again when it flushes stdout at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def complain(message: str, exit_code: int) -> int:
    """Say what went wrong, on one line."""
    # At one go: print writes the end of the line by itself, and another process may write in between.
    sys.stderr.write(f"{PROGRAM}: {' '.join(message.split())}\n")
    return exit_code


def dispatch(words: list[str]) -> int:
    """Find the command that was asked for, parse its flags, run it and return its exit code."""
    if not words:
        raise UsageError(f"no command given; there are {', '.join(COMMANDS)}: try {PROGRAM} --help")
    name = words[0]
    if name in ("-h", "--help"):
        print(overview())
    elif name in COMMANDS:
        options = make_parser(name).parse_words(words[1:])
        if options is not None:
            return COMMANDS[name].run(options) or 0
    else:
        raise UsageError(f"no command called {name!r}; {did_you_mean(name, COMMANDS)}")
    return 0


def overview() -> str:
    """What there is, in one screen."""
    commands = in_columns({name: command.purpose for name, command in COMMANDS.items()})
    examples = "\n".join(f"  {command.examples[0]}" for command in COMMANDS.values())
    return (
        f"usage: {PROGRAM} COMMAND ...\n\nSelf-attention and GPT from scratch, one stage at a time.\n\n"
        f"commands (each has its own --help):\n{commands}\n\nexamples:\n{examples}"
    )


def list_stages() -> str:
    """Each stage and its sentence, read off the source: importing it would import torch, which takes seconds."""
    tree = ast.parse(Path(__file__).with_name("stages.py").read_text("utf-8"))
    sentences = {node.name: ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    values = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    return in_columns({key.value: sentences[key.value] for key in values["STAGES"].keys})


def in_columns(sentences: dict[str, str]) -> str:
    """Each name with its sentence beside it, wrapped where the terminal ends."""
    left = 4 + max(map(len, sentences))
    width = max(left + 20, shutil.get_terminal_size().columns - 2)
    return "\n".join(
        textwrap.fill(f"  {name}".ljust(left) + text, width, subsequent_indent=" " * left, break_on_hyphens=False)
        for name, text in sentences.items()
    )


def make_parser(name: str) -> Parser:
    """The parser of one command, with its examples under its help."""
    command = COMMANDS[name]
    examples = "\n".join(f"  {example}" for example in command.examples)
    stages = f"stages, in the order of the lesson:\n{list_stages()}\n\n" if command.takes_stages else ""
    parser = Parser(prog=f"{PROGRAM} {name}", description=command.purpose, epilog=f"{stages}examples:\n{examples}")
    command.add_arguments(parser)
    return parser


def add_train(parser: Parser) -> None:
    parser.add_argument("stage", type=str, metavar="STAGE", help="what to train, one of the stages below")
    add_corpus(parser, left_out="play")
    parser.add_argument("--out", type=str, help="a folder for best.safetensors and last.safetensors [runs/STAGE]")
    parser.add_argument("--overwrite", action="store_true", help="replace the checkpoints that --out holds")
    parser.add_argument("--resume", action="store_true", help="go on where the run in --out stopped, as it was set up")
    parser.add_argument("--show", type=int, default=0, help="how many characters to write after each evaluation")
    add_device(parser)
    parser.add_argument(
        "--precision",
        type=str,
        help="of a step's products: float32, bfloat16, or auto, bfloat16 where a GPU has it [auto]",
    )
    add_json(parser)
    add_config(parser, ModelConfig(), GPT_SIZES)
    add_config(parser, TrainConfig(), GPT_SETTINGS)


def run_train(options: Namespace) -> None:
    """Train a stage and say what came of it."""
    from lower_triangle.corpus import load_corpus
    from lower_triangle.devices import AUTO
    from lower_triangle.train import BEST, LAST, load_last, train
    from lower_triangle.variants import find_stage

    use_one_thread()
    stage = find_stage(options.stage)  # before a text is fetched for nothing
    require_used(options, stage.sizes)
    out = Path(options.out or Path("runs", options.stage))
    corpus_name, sizes, settings = "play", stage.model, stage.train
    device = precision = AUTO
    if options.resume:
        manifest = load_last(out).manifest
        corpus_name, sizes, settings = manifest.corpus, manifest.config, manifest.train or settings
        device, precision = manifest.device, manifest.precision
    sizes, settings = given(options, sizes), given(options, settings)
    corpus = load_corpus(options.corpus or corpus_name)
    result = train(
        options.stage,
        corpus,
        sizes,
        settings,
        out,
        options.overwrite,
        resume=options.resume,
        on_eval=shower(corpus.tokenizer, options.show) if options.show else None,
        device=options.device or device,
        precision=options.precision or precision,
    )
    if not is_first_process():
        return
    if options.json:
        measured = {name: value for name, value in vars(result).items() if name != "model"}
        print(json.dumps(measured | {"corpus": corpus.name, "best": str(out / BEST), "last": str(out / LAST)}))
        return
    print(f"{result.stage}: {result.params:,} parameters, {result.curve[-1][0]:,} steps on {corpus.name}")
    print(f"best validation loss   {result.best_val:.4f} at step {result.best_step:,}")
    print(f"final validation loss  {result.final_val:.4f}")
    print(f"final training loss    {result.final_train:.4f}")
    print(f"checkpoints            {out / BEST}, {out / LAST}")
    print(f"speed                  {result.characters_per_second:,.0f} characters/s")


def is_first_process() -> bool:
    """Whether this is the one that speaks for all, where torchrun has started several."""
    return os.environ.get("RANK", "0") == "0"


def shower(tokenizer: Any, length: int) -> Callable[[int, float, Any], None]:
    """What shows, after an evaluation, how the model writes by then; on stderr, beside the progress."""
    from tqdm import tqdm

    from lower_triangle.results import sample_text

    if length < 1:
        raise UsageError(f"show={length} is not a whole number of at least 0; try --show 200")

    def show(step: int, val_loss: float, model: Any) -> None:
        text = sample_text(model, tokenizer, length)
        tqdm.write(f"step {step:,}, validation loss {val_loss:.4f}:\n{text}\n", file=sys.stderr)

    return show


def require_used(options: Namespace, sizes: tuple[str, ...]) -> None:
    """Refuse a size that the stage would not look at."""
    for field in fields(ModelConfig):
        if options[field.name] is not None and field.name not in sizes:
            raise UsageError(f"{options.stage!r} has no {field.name} to set; its sizes are {', '.join(sizes)}")


def add_sample(parser: Parser) -> None:
    add_checkpoint(parser)
    parser.add_argument("--prompt", type=str, help="the text to continue; left out, a new line")
    parser.add_argument("--length", type=int, default=400, help="how many characters to write")
    parser.add_argument("--temperature", type=float, default=1.0, help="0 is the likeliest each time, 1 as learnt")
    parser.add_argument("--top_k", type=int, help="choose among the k likeliest characters only [all]")
    parser.add_argument(
        "--top_p", type=float, help="choose among the likeliest that together reach a probability of p [all]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draws; the same seed writes the same text")
    add_device(parser)
    add_json(parser)


def run_sample(options: Namespace) -> None:
    """Continue a prompt, each character shown as soon as it is drawn."""
    from lower_triangle.beyond.kv_cache import generate_cached
    from lower_triangle.results import default_prompt

    if options.length < 1:
        raise UsageError(f"length={options.length} is not a whole number of at least 1; try --length 400")
    checkpoint = open_checkpoint(options.checkpoint, options.device)
    prompt = default_prompt(checkpoint.tokenizer) if options.prompt is None else options.prompt
    start, rng = checkpoint.tokenizer.encode(prompt), random.Random(options.seed)
    context_length = checkpoint.model.context_length
    if len(start) > context_length:
        print(
            f"note: the prompt has {len(start):,} characters and the model's context {context_length:,}; "
            "it reads the last ones only",
            file=sys.stderr,
        )
    chosen = {name: options[name] for name in ("temperature", "top_k", "top_p")}
    tokens = generate_cached(checkpoint.model, start, options.length, rng, **chosen)
    if options.json:
        text = checkpoint.tokenizer.decode(tokens)
        print(json.dumps({"prompt": prompt, "text": text, **chosen, "seed": options.seed}))
        return
    print(options.prompt or "", end="", flush=True)
    for token in tokens:
        print(checkpoint.tokenizer.decode([token]), end="", flush=True)
    print()


def add_evaluate(parser: Parser) -> None:
    add_checkpoint(parser)
    add_corpus(parser, left_out="the one of the training")
    parser.add_argument("--split", type=str, default="val", help="val, the last tenth of the text; train; or both")
    add_device(parser)
    add_json(parser)


def run_evaluate(options: Namespace) -> None:
    """Measure a checkpoint exactly, on every character of a split."""
    import torch

    from lower_triangle.corpus import load_corpus, split
    from lower_triangle.loss import evaluate

    splits = {"val": ["val"], "train": ["train"], "both": ["train", "val"]}
    if options.split not in splits:
        raise UsageError(f"no split called {options.split!r}; {did_you_mean(options.split, splits)}")
    checkpoint = open_checkpoint(options.checkpoint, options.device)
    trained_on = checkpoint.manifest
    corpus = load_corpus(options.corpus or trained_on.corpus)
    if not options.corpus and corpus.sha256 != trained_on.corpus_sha256:
        raise CorpusError(
            f"{corpus.name!r} is no longer the text this was trained on; evaluate on it all the same with --corpus"
        )
    # The checkpoint's own vocabulary: another text may number its characters in another way.
    parts = dict(zip(["train", "val"], split(torch.tensor(checkpoint.tokenizer.encode(corpus.text))), strict=True))
    losses = {name: evaluate(checkpoint.model, parts[name]) for name in splits[options.split]}
    if options.json:
        print(json.dumps({"stage": trained_on.stage, "step": trained_on.step, "corpus": corpus.name, "losses": losses}))
        return
    for name, loss in losses.items():
        print(f"{name:5} {loss:.4f} nats per character, over {len(parts[name]):,} characters of {corpus.name}")


def add_inspect(parser: Parser) -> None:
    parser.add_argument(
        "checkpoint",
        type=str,
        metavar="CHECKPOINT",
        help="a file of ours, of nanoGPT's or the lecture's weights; or the folder of a run, or of GPT-2",
    )
    add_json(parser)


def run_inspect(options: Namespace) -> None:
    """Say what is in a checkpoint: where it comes from, its parameters by part, its shapes, its vocabulary."""
    from lower_triangle.inspecting import describe, inspect

    found = inspect(options.checkpoint)
    print(json.dumps(asdict(found)) if options.json else describe(found))


def add_export(parser: Parser) -> None:
    parser.add_argument(
        "checkpoints",
        type=str,
        nargs="*",
        metavar="CHECKPOINT",
        help="a file, or a run's folder, of each stage to export; left out, the recorded runs that the pages show",
    )
    parser.add_argument(
        "--out", type=str, default="docs/assets/models", help="a folder for STAGE.safetensors and manifest.json"
    )
    add_json(parser)


def run_export(options: Namespace) -> None:
    """Write checkpoints as the pages read them, and say how large they are."""
    from lower_triangle.export import export

    exported = export(options.checkpoints, options.out)
    if options.json:
        print(json.dumps([asdict(each) for each in exported]))
        return
    for each in exported:
        loss = "" if each.val_loss is None else f"  val {each.val_loss:.4f}"
        print(f"{each.stage:12} {each.parameters:8,} parameters {each.bytes:10,} bytes{loss}")


def add_reproduce(parser: Parser) -> None:
    parser.add_argument(
        "names",
        type=str,
        nargs="*",
        metavar="NAME",
        help="a stage, lecture_notebook, gpt_longer, gpt_hurried, counting, or gpt with one thing changed, as gpt_relu; "
        "left out, all",
    )
    add_corpus(parser, left_out="tinyshakespeare")
    parser.add_argument("--seeds", type=int, default=3, help="how many runs of each, with the seeds 0, 1, ...")
    parser.add_argument("--out", type=str, default="results", help="a folder for NAME.json and NAME.safetensors")
    add_json(parser)


def run_reproduce(options: Namespace) -> None:
    """Repeat the runs that the pages report, with the settings they were made with."""
    from lower_triangle.corpus import load_corpus
    from lower_triangle.results import COUNTING, RECORDS, record_counts, reproduce, require_name

    use_one_thread()
    names = options.names or list(RECORDS)
    for name in names:
        require_name(name)  # a slip in the last name costs no training
    corpus = load_corpus(options.corpus or "tinyshakespeare")
    for name in names:
        if name == COUNTING:
            record = record_counts(corpus, options.out)
            rows = counted_rows(record)
        else:
            record = reproduce(name, corpus, options.seeds, options.out)
            rows = trained_rows(name, record, with_head=name == next(each for each in names if each != COUNTING))
        print(json.dumps(record) if options.json else rows, flush=True)


def trained_rows(name: str, record: dict, with_head: bool) -> str:
    """What a record of runs says, on a line, below the names of its columns where it is the first."""
    head = f"{'name':16} {'params':>8}  {'best val (lowest, highest)':26}  final val  final train\n"
    best, val, train = (record["summary"][loss] for loss in ("best_val", "final_val", "final_train"))
    ends = f"{best['mean']:.4f} ({best['min']:.4f}, {best['max']:.4f})"
    return f"{head if with_head else ''}{name:16} {record['params']:8,}  {ends:26}  {val['mean']:9.4f}  {train['mean']:11.4f}"


def counted_rows(record: dict) -> str:
    """What a record of counts says, a line for each length of runs."""
    return "\n".join(
        f"runs of {each['order']}  {each['different_runs']:8,} different  val {each['val']:.4f}"
        for each in record["orders"]
    )


def add_checkpoint(parser: Parser) -> None:
    parser.add_argument(
        "checkpoint", type=str, metavar="CHECKPOINT", help="a file, or a run's folder, whose best.safetensors is taken"
    )


def add_corpus(parser: Parser, left_out: str) -> None:
    parser.add_argument("--corpus", type=str, help=f"play, tinyshakespeare, or the path of a UTF-8 text [{left_out}]")


def add_device(parser: Parser) -> None:
    parser.add_argument("--device", type=str, help="cpu, cuda, mps, or auto, a GPU where PyTorch finds one [auto]")


def open_checkpoint(place: str, device: str | None) -> Any:
    """The checkpoint at a path, or the best one in a run's folder, its model on a device."""
    from lower_triangle.checkpoint import load_checkpoint
    from lower_triangle.devices import AUTO, find_device
    from lower_triangle.train import best_of

    found = find_device(device or AUTO)
    checkpoint = load_checkpoint(best_of(place))
    checkpoint.model.to(found)
    return checkpoint


def use_one_thread() -> None:
    """Train in one thread unless OMP_NUM_THREADS says otherwise.

    The work of a step is too small to share: on two cores two threads were a tenth slower than one, and ten times
    slower where another program had one of the cores.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)


def add_config(parser: Parser, ladder: Any, gpt: Any) -> None:
    """A flag for each field of a config; left out, it has the stage's own value, which the help tells."""
    parser.add_class_arguments(type(ladder), None)
    for name, value in asdict(ladder).items():
        parser.set_defaults({name: None})
        if value is None:
            continue  # its help tells
        flag = next(action for action in parser._actions if action.dest == name)
        other = getattr(gpt, name)
        flag.help += f" [{value:g}]" if value == other else f" [{value:g}; for gpt {other:g}]"


def given(options: Namespace, own: Any) -> Any:
    """A config with the options that were given, and for the others the stage's own."""
    return replace(own, **{name: options[name] for name in asdict(own) if options[name] is not None})


@dataclass(frozen=True)
class Command:
    """What a command is for, how it is called, what it takes, what it does."""

    purpose: str
    examples: tuple[str, str]
    add_arguments: Callable[[Parser], None]
    run: Callable[[Namespace], int | None]
    takes_stages: bool = False


COMMANDS = {
    "train": Command(
        "Train a stage and keep its best and its last weights.",
        (f"{PROGRAM} train head", f"{PROGRAM} train head --corpus my.txt --steps 2000 --out runs/mine"),
        add_train,
        run_train,
        takes_stages=True,
    ),
    "sample": Command(
        "Write text with a trained model.",
        (f"{PROGRAM} sample runs/head", f'{PROGRAM} sample runs/head --prompt "To be" --temperature 0.8 --seed 1'),
        add_sample,
        run_sample,
    ),
    "evaluate": Command(
        "Measure a trained model's loss on a whole split of a text.",
        (f"{PROGRAM} evaluate runs/head", f"{PROGRAM} evaluate runs/head/last.safetensors --split both"),
        add_evaluate,
        run_evaluate,
    ),
    "inspect": Command(
        "Show what is in a checkpoint of ours, nanoGPT's, the lecture's or GPT-2's.",
        (f"{PROGRAM} inspect runs/head", f"{PROGRAM} inspect gpt2 --json"),
        add_inspect,
        run_inspect,
    ),
    "export": Command(
        "Write trained models as a web page reads them, in half precision.",
        (f"{PROGRAM} export runs/head --out mine", f"{PROGRAM} export runs/head runs/gpt --out mine"),
        add_export,
        run_export,
    ),
    "reproduce": Command(
        "Repeat the training runs that the pages report, and record them.",
        (f"{PROGRAM} reproduce head --out mine", f"{PROGRAM} reproduce --corpus play --seeds 1 --out mine"),
        add_reproduce,
        run_reproduce,
        takes_stages=True,
    ),
    "exercises": Command(
        "List the exercises, or print a file to begin one with.",
        (f"{PROGRAM} exercises", f"{PROGRAM} exercises causal-mask > causal-mask.py"),
        add_exercises,
        run_exercises,
    ),
    "check": Command(
        "Check the function that you wrote for an exercise.",
        (f"{PROGRAM} check causal-mask causal-mask.py", f"{PROGRAM} check causal-mask - < causal-mask.py"),
        add_check,
        run_check,
    ),
}
