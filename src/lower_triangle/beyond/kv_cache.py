"""Generation that computes each key and value once, and of several texts side by side.

A new token's query needs the keys and values of its past, and those are what they were when the past was read: a token
never looks ahead, so nothing that comes later changes them. They are kept, and each step reads the new token alone.

That ends where the context is full. The window then moves by a token at each step, so every token in it stands at
another position, and all its keys and values are others: they are computed anew at each step, as `generate` does all
along. The text is the same as that of `generate`.

Shapes: B texts, T time, C d_model, V vocabulary; Tq tokens that are read now, Tk all that were read.
"""

import copy
import random
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from lower_triangle.attention import Average, Head, SelfAttention, attend, causal_mask
from lower_triangle.beyond.ngrams import NOTHING, NGramEmbedding
from lower_triangle.errors import UsageError
from lower_triangle.generate import require_known, sample_next
from lower_triangle.model import DropoutEmbedding, Embedding, LanguageModel


class Past:
    """What the layers of a model have kept of the tokens that were read, some of which are padding.

    Args:
        padding: how many of the first tokens of each text are padding; shape (B,)
    """

    def __init__(self, padding: Tensor) -> None:
        self.padding = padding
        self.length = 0
        self.kept: dict[tuple[nn.Module, str], Tensor] = {}

    def append(self, layer: nn.Module, what: str, new: Tensor) -> Tensor:
        """All that a layer has kept of something, with the new at its end.

        Shapes:
            new: (..., Tq, D)
            returns: (..., Tk, D)
        """
        before = self.kept.get((layer, what))
        self.kept[layer, what] = new if before is None else torch.cat([before, new], dim=-2)
        return self.kept[layer, what]

    def positions(self, Tq: int) -> Tensor:
        """Where each of the next tokens stands in its text; padding stands nowhere, and is given position 0.

        Shapes:
            returns: (B, Tq)
        """
        places = torch.arange(self.length, self.length + Tq, device=self.padding.device)  # (Tq,)
        return (places - self.padding[:, None]).clamp(min=0)

    def visible(self, Tq: int) -> Tensor:
        """Where the next tokens may look: at themselves and at what stands before them and is no padding.

        Padding sees itself, for a softmax over nothing is not a number, which would spread: the next layer multiplies
        it by a weight of 0, and that is not a number either.

        Shapes:
            returns: (B, Tq, Tk)
        """
        Tk = self.length + Tq
        past = causal_mask(Tq, Tk, device=self.padding.device)  # (Tq, Tk)
        is_text = torch.arange(Tk, device=self.padding.device) >= self.padding[:, None]  # (B, Tk)
        return past & is_text[:, None] | past.triu(diagonal=self.length)


class Rewired(nn.Module):
    """A layer, sharing its parameters, that reads only what is new and finds the rest in the past.

    Args:
        layer: what it does the work of
        past: gives the past to look into, of the moment
    """

    def __init__(self, layer: nn.Module, past: Callable[[], Past]) -> None:
        super().__init__()
        self.layer = layer
        self.past = past


class CachedEmbedding(Rewired):
    """An `Embedding` that goes on counting positions where the past ends.

    Shapes:
        tokens: (B, Tq)
        returns: (B, Tq, C)
    """

    def forward(self, tokens: Tensor) -> Tensor:
        return self.layer.token(tokens) + self.layer.position(self.past().positions(tokens.size(1)))


class CachedNGramEmbedding(Rewired):
    """An `NGramEmbedding` whose runs begin in the past; none begins in the padding.

    Shapes:
        tokens: (B, Tq)
        returns: (B, Tq, C)
    """

    def forward(self, tokens: Tensor) -> Tensor:
        Tq = tokens.size(1)
        read = self.past().append(self, "tokens", tokens[..., None])[..., 0]  # (B, Tk)
        rows = self.layer.rows(read)[:, -Tq:]  # (B, Tq, O)
        before = torch.tensor(self.layer.orders, device=tokens.device) - 1  # (O,), how many each run needs
        begins_too_early = self.past().positions(Tq)[..., None] < before  # (B, Tq, O)
        return self.layer.add(tokens, rows.masked_fill(begins_too_early, NOTHING))


class CachedAverage(Rewired):
    """The crude `Average`, of what was read before too.

    Shapes:
        x: (B, Tq, C)
        returns: (B, Tq, C)
    """

    def forward(self, x: Tensor) -> Tensor:
        visible = self.past().visible(x.size(1)).to(x.dtype)  # (B, Tq, Tk)
        weights = visible / visible.sum(dim=-1, keepdim=True)  # (B, Tq, Tk)
        return weights @ self.past().append(self, "x", x)


class CachedHead(Rewired):
    """A `Head` whose queries find the keys and values of the past kept.

    Shapes:
        x: (B, Tq, C)
        returns: (B, Tq, D)
    """

    def forward(self, x: Tensor) -> Tensor:
        keys = self.past().append(self, "keys", self.layer.key(x))  # (B, Tk, D)
        values = self.past().append(self, "values", self.layer.value(x))  # (B, Tk, D)
        return attend(self.layer.query(x), keys, values, self.past().visible(x.size(1)))


class CachedSelfAttention(Rewired):
    """A `SelfAttention` whose queries find the keys and values of the past kept.

    Shapes:
        x: (B, Tq, C)
        returns: (B, Tq, C)
    """

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.layer.split_heads(self.layer.qkv(x))  # each (B, H, Tq, D)
        keys, values = self.past().append(self, "keys", k), self.past().append(self, "values", v)  # (B, H, Tk, D)
        visible = self.past().visible(x.size(1))[:, None]  # (B, 1, Tq, Tk): the same for all heads
        return self.layer.merge_heads(self.layer.attend(q, keys, values, visible))


# Whatever is not here looks at one token at a time, and needs no past.
CACHED = {
    Embedding: CachedEmbedding,
    DropoutEmbedding: CachedEmbedding,
    NGramEmbedding: CachedNGramEmbedding,
    Average: CachedAverage,
    Head: CachedHead,
    SelfAttention: CachedSelfAttention,
}


class CachedModel:
    """A model that remembers what it has read. It shares its parameters with the model it is made from."""

    def __init__(self, model: LanguageModel, past: type[Past] = Past) -> None:
        self.new_past = past
        self.past: Past | None = None
        shared = {id(parameter): parameter for parameter in model.parameters()}
        self.model = copy.deepcopy(model, shared).eval()
        for name, layer in list(self.model.named_modules()):
            if type(layer) in CACHED:
                self.model.set_submodule(name, CACHED[type(layer)](layer, lambda: self.past))

    def is_full(self) -> bool:
        """Whether the next token would stand outside the context."""
        return self.past is not None and self.past.length == self.model.context_length

    def begin(self, texts: list[list[int]]) -> Tensor:
        """Forget all, and read the last tokens of each text, as many as fit, side by side with their ends in line.

        Shapes:
            returns: (B, V), the logits of each text's next token
        """
        windows = [text[-self.model.context_length :] for text in texts]
        longest = max(map(len, windows))
        padding = [longest - len(window) for window in windows]
        self.past = self.new_past(torch.tensor(padding).to(self.model.device))
        # Any token will do for padding: nobody looks at it.
        return self.go_on([[0] * n + window for n, window in zip(padding, windows, strict=True)])

    def go_on(self, tokens: list[list[int]]) -> Tensor:
        """Read the next tokens of each text, as many of each.

        Shapes:
            tokens: (B, Tq)
            returns: (B, V), the logits of each text's next token
        """
        logits = self.model(torch.tensor(tokens).to(self.model.device))[:, -1].cpu()  # (B, V)
        self.past.length += len(tokens[0])
        return logits


@torch.no_grad()
def generate_batch(
    model: LanguageModel,
    prompts: list[list[int]],
    length: int,
    rngs: list[random.Random],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Iterator[list[int]]:
    """Continue each prompt by `length` tokens, a token of each at a time; each comes out as it would on its own.

    The prompts may differ in length. What no longer fits in the model's context is cropped from the left.

    Raises:
        UsageError: for no prompts, or not as many generators; when there is nothing to continue; for what
            `sample_next` refuses.
        VocabularyError: for a token that the model does not know.
    """
    if not prompts or len(prompts) != len(rngs):
        raise UsageError(
            f"{len(prompts)} prompts and {len(rngs)} random generators; give at least one prompt, and a generator each"
        )
    for prompt in prompts:
        require_known(prompt, model.vocab_size)
    cached = CachedModel(model)
    texts = [list(prompt) for prompt in prompts]
    for step in range(length):
        is_fresh = step == 0 or cached.is_full()
        logits = cached.begin(texts) if is_fresh else cached.go_on([text[-1:] for text in texts])  # (B, V)
        drawn = [sample_next(row, rng, temperature, top_k, top_p) for row, rng in zip(logits, rngs, strict=True)]
        for text, token in zip(texts, drawn, strict=True):
            text.append(token)
        yield drawn


def generate_cached(
    model: LanguageModel,
    tokens: list[int],
    length: int,
    rng: random.Random,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Iterator[int]:
    """The same as `generate`, sooner: what was read before is not read again while it fits in the context.

    Raises:
        UsageError: when there is nothing to continue, or for what `sample_next` refuses.
        VocabularyError: for a token that the model does not know.
    """
    for (token,) in generate_batch(model, [tokens], length, [rng], temperature, top_k, top_p):
        yield token
