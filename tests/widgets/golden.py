"""What torch says of the exported weights, for the browser's code to agree with.

In double precision: so the browser is held to the numbers themselves, and not to how torch happens to round.
"""

import json
import random
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from lower_triangle.attention import Average, Head, SelfAttention, average_matmul, causal_mask
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import draw_batch
from lower_triangle.counting import count_pairs, pair_loss
from lower_triangle.examples import W_K, W_Q, W_V, YET
from lower_triangle.generate import generate, sample_next
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.stages import STAGES
from lower_triangle.tokenizer import CharTokenizer
from lower_triangle.train import make_optimizer

# A line of nobody's play, as long as the longest context, 64.
PROMPT = "KING:\nWhat night is this, that owns no moon, and yet I see thee?"
BEGINNING = PROMPT[:20]
GREEDY, DRAWS = 100, 50  # of the longest context, 56 and 6 characters past it
# (seed, temperature, top_k, top_p)
DRAWN = [(0, 1.0, None, None), (1, 0.8, 10, None), (2, 1.2, None, 0.9), (1337, 1.0, 20, 0.8)]


def read_model(folder: Path, entry: dict) -> LanguageModel:
    """A model of the weights as the browser reads them."""
    model = STAGES[entry["stage"]].build(ModelConfig(**entry["config"]), len(entry["vocabulary"])).eval()
    tensors = safetensors.torch.load_file(folder / entry["file"])
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors.pop(name))
    assert not tensors
    return model


def attention_of(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """The attention matrix of each of a layer's heads, by the two lines of `attend` that make one."""
    T = x.size(-2)
    visible = causal_mask(T, T)
    if isinstance(layer, Average):
        return [visible / visible.sum(dim=-1, keepdim=True)]
    if isinstance(layer, Head):
        pairs = [(layer.query(x), layer.key(x))]
    else:
        q, k, _ = layer.split_heads(layer.qkv(x))
        pairs = [(q[:, h], k[:, h]) for h in range(q.size(1))]
    found = [(q @ k.transpose(-2, -1) / q.size(-1) ** 0.5).masked_fill(~visible, -torch.inf) for q, k in pairs]
    return [scores.softmax(dim=-1)[0] for scores in found]


@torch.no_grad()
def tensors_of(model: LanguageModel, tokens: list[int]) -> dict[str, Tensor]:
    """The logits of a text, and the matrix of every head, by layer and head: `attention.0.1`."""
    matrices: dict[str, list[Tensor]] = {}

    def note(name: str):
        return lambda layer, inputs, _: matrices.setdefault(name, []).extend(attention_of(layer, inputs[0]))

    for name, layer in model.blocks.named_modules():
        if isinstance(layer, Average | Head | SelfAttention):
            layer.register_forward_hook(note(name.partition(".")[0]))
    logits = model(torch.tensor([tokens]))[0]
    every = {f"attention.{layer}.{h}": each for layer, found in matrices.items() for h, each in enumerate(found)}
    return {name: tensor.float().contiguous() for name, tensor in {"logits": logits, **every}.items()}


def write_golden(models: Path, out: Path) -> None:
    """A file of tensors for each model of a manifest, and one of texts."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # of what a layer makes by itself, as the average its weights
    try:
        texts = write_tensors(models, out)
    finally:
        torch.set_default_dtype(usual)
    content = {
        "beginning": BEGINNING,
        "texts": texts,
        "random": random_numbers(),
        "drawn": drawn_tokens(),
        "yet": attended_yet(),
        "averages": averages(),
        "trained": trained(out),
    }
    (out / "golden.json").write_text(json.dumps(content), "utf-8")


def write_tensors(models: Path, out: Path) -> dict[str, dict]:
    """A file of tensors for each model; returns the texts of each."""
    texts = {}
    for entry in json.loads((models / "manifest.json").read_text("utf-8"))["models"]:
        model, tokenizer = read_model(models, entry), CharTokenizer(entry["vocabulary"])
        tokens = tokenizer.encode(PROMPT)[-model.context_length :]
        greedy = tokenizer.decode(generate(model, tokenizer.encode(BEGINNING), GREEDY, random.Random(0), 0.0))
        drawn = [
            {
                "seed": seed,
                "choice": {name: value for name, value in zip(("temperature", "topK", "topP"), choice) if value},
                "text": tokenizer.decode(
                    generate(model, tokenizer.encode(BEGINNING), DRAWS, random.Random(seed), *choice)
                ),
            }
            for seed, *choice in DRAWN
        ]
        texts[entry["stage"]] = {"prompt": tokenizer.decode(tokens), "greedy": greedy, "drawn": drawn}
        safetensors.torch.save_file(tensors_of(model, tokens), out / f"{entry['stage']}.safetensors")
    return texts


def attended_yet() -> list[dict]:
    """One head on "yet", masked in each way and divided by each number that the page lets a reader choose."""
    q, k, v = (YET @ w for w in (W_Q, W_K, W_V))
    later = ~causal_mask(3, 3)
    found = []
    for scale, divisor in (("root", 2**0.5), ("whole", 2.0), ("none", 1.0)):
        scores = q @ k.T / divisor
        masked = {
            "infinity": scores.masked_fill(later, -torch.inf).softmax(dim=-1),
            "zero": scores.masked_fill(later, 0.0).softmax(dim=-1),
            "large": scores.masked_fill(later, -1e9).softmax(dim=-1),
            "after": scores.softmax(dim=-1) * ~later,
            "none": scores.softmax(dim=-1),
        }
        for mask, weights in masked.items():
            found.append({"mask": mask, "scale": scale, "weights": weights.tolist(), "outputs": (weights @ v).tolist()})
    numbers = {name: tensor.tolist() for name, tensor in (("queries", q), ("keys", k), ("values", v))}
    return [{**numbers, **each} for each in found]


def averages() -> list[dict]:
    """Texts of some numbers, and their crude average of the past."""
    found = []
    for T, C in ((1, 1), (3, 2), (7, 5)):
        x = torch.randn(T, C, generator=torch.Generator().manual_seed(T))
        found.append({"x": x.tolist(), "averages": average_matmul(x).tolist()})
    return found


def trained(out: Path) -> dict[str, dict]:
    """What a batch does to the two models that learn in the page: its loss, every gradient, and three steps of AdamW.

    The weights to begin with, the gradients and the weights in the end are in a file for each.
    """
    found = {}
    V = 13
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(V, (83,), generator=generator)
    for stage in ("bigram", "head"):
        torch.manual_seed(0)
        model = STAGES[stage].build(ModelConfig(), V).float().double()
        tensors = {f"before.{name}": parameter.detach().clone() for name, parameter in model.named_parameters()}
        inputs, targets = draw_batch(tokens, model.context_length, 4, generator)
        optimizer = make_optimizer(model, STAGES[stage].learning_rate, TrainConfig())
        losses = []
        for step in range(3):
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), targets)
            loss.backward()
            if step == 0:
                tensors |= {f"gradient.{name}": each.grad.clone() for name, each in model.named_parameters()}
            optimizer.step()
            losses.append(loss.item())
        tensors |= {f"after.{name}": parameter.detach() for name, parameter in model.named_parameters()}
        safetensors.torch.save_file(
            {name: each.float() for name, each in tensors.items()}, out / f"train-{stage}.safetensors"
        )
        found[stage] = {
            "inputs": inputs.flatten().tolist(),
            "targets": targets.flatten().tolist(),
            "losses": losses,
            "evaluated": evaluate(model, tokens),
        }
    counts = count_pairs(tokens, V).double()
    shares = (counts / counts.sum(dim=-1, keepdim=True)).nan_to_num()
    return {"V": V, "tokens": tokens.tolist(), "floor": pair_loss(counts, shares), "stages": found}


def random_numbers() -> list[dict]:
    """What Python's generator says to some seeds: first numbers, and one after the state has been renewed."""
    found = []
    for seed in (0, 1, 1337, 2**32 - 1):
        rng = random.Random(seed)
        found.append({"seed": seed, "numbers": [rng.random() for _ in range(1000)]})
    return found


def drawn_tokens() -> list[dict]:
    """Tokens drawn from logits that hold what a choice may stumble over: equal ones, and very unlikely ones."""
    logits = [0.0, 1.0, 1.0, -2.0, 3.0, 3.0, -30.0, 0.5]
    choices = [(t, k, p) for t in (0.3, 1.0, 2.0) for k in (None, 1, 3, 8) for p in (None, 0.3, 0.5, 0.95)]
    return [
        {
            "logits": logits,
            "choice": {name: value for name, value in zip(("temperature", "topK", "topP"), choice) if value},
            "tokens": draw(logits, choice),
        }
        for choice in choices
    ]


def draw(logits: list[float], choice: tuple) -> list[int]:
    rng = random.Random(7)
    return [sample_next(torch.tensor(logits), rng, *choice) for _ in range(40)]
