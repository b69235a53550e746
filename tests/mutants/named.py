"""Wrong versions of the package that somebody might write, and the page that is to notice each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One wrong change.

    Attributes:
        page: below docs/; it teaches what the change gets wrong
        file: below src/lower_triangle/
        old, new: what stands exactly once in the file, and what is to stand there
    """

    name: str
    page: str
    file: str
    old: str
    new: str


NAMED = [
    Mutant(
        name="encode off by one",
        page="grounding/text.md",
        file="tokenizer.py",
        old="enumerate(self.vocabulary)",
        new="enumerate(self.vocabulary, 1)",
    ),
    Mutant(
        name="vocabulary in the order of appearance",
        page="grounding/text.md",
        file="tokenizer.py",
        old='"".join(sorted(set(text)))',
        new='"".join(dict.fromkeys(text))',
    ),
    Mutant(
        name="split overlapping",
        page="grounding/text.md",
        file="corpus.py",
        old="tokens[boundary:]",
        new="tokens[boundary - 1 :]",
    ),
    Mutant(
        name="targets not shifted",
        page="grounding/batches.md",
        file="corpus.py",
        old="tokens[positions + 1]",
        new="tokens[positions]",
    ),
    Mutant(
        name="the last window never drawn",
        page="grounding/batches.md",
        file="corpus.py",
        old="beyond = len(tokens) - context_length",
        new="beyond = len(tokens) - context_length - 1",
    ),
    Mutant(
        name="flattened in another order",
        page="grounding/batches.md",
        file="loss.py",
        old="targets.flatten()",
        new="targets.mT.flatten()",
    ),
    Mutant(
        name="softmax without the maximum",
        page="grounding/softmax.md",
        file="softmax.py",
        old="scores - scores.amax(dim=-1, keepdim=True)",
        new="scores",
    ),
    Mutant(
        name="temperature multiplied",
        page="grounding/softmax.md",
        file="softmax.py",
        old="scores / temperature",
        new="scores * temperature",
    ),
    Mutant(
        name="softmax down the columns",
        page="grounding/softmax.md",
        file="softmax.py",
        old="shares.sum(dim=-1",
        new="shares.sum(dim=-2",
    ),
    Mutant(
        name="pairs counted backwards",
        page="grounding/bigram.md",
        file="counting.py",
        old="tokens[:-1] * vocab_size + tokens[1:]",
        new="tokens[1:] * vocab_size + tokens[:-1]",
    ),
    Mutant(
        name="add-one without renormalising",
        page="grounding/bigram.md",
        file="counting.py",
        old="/ (counts + 1).sum(",
        new="/ counts.sum(",
    ),
    Mutant(
        name="one count handed on, whatever the kinds",
        page="grounding/counting.md",
        file="counting.py",
        old="kinds = look_up(self.contexts, self.kinds, runs // vocab_size)",
        new="kinds = torch.ones_like(followed)",
    ),
    Mutant(
        name="unbiased for biased variance",
        page="grounding/batch-norm.md",
        file="norms.py",
        old="distance.square().mean(dim=dim, keepdim=True)",
        new="distance.square().sum(dim=dim, keepdim=True) / (x.size(dim) - 1)",
    ),
    Mutant(
        name="the root forgotten",
        page="grounding/batch-norm.md",
        file="norms.py",
        old="(variance + eps).sqrt()",
        new="(variance + eps)",
    ),
    Mutant(
        name="average including the future",
        page="attention/average.md",
        file="attention.py",
        old="torch.ones(T, T, device=x.device).tril()",
        new="torch.ones(T, T, device=x.device)",
    ),
    Mutant(
        name="average over T instead of t",
        page="attention/average.md",
        file="attention.py",
        old="past / past.sum(dim=-1, keepdim=True)",
        new="past / T",
    ),
    Mutant(
        name="the sums as a row",
        page="attention/average.md",
        file="attention.py",
        old="past.sum(dim=-1, keepdim=True)",
        new="past.sum(dim=-1)",
    ),
    Mutant(
        name="the loop hears one more",
        page="attention/average.md",
        file="attention.py",
        old="x[b, : t + 1]",
        new="x[b, : t + 2]",
    ),
    Mutant(
        name="softmax over queries",
        page="attention/query-key-value.md",
        file="attention.py",
        old="-math.inf).softmax(dim=-1)  # (..., Tq, Tk)\n    return weights",
        new="-math.inf).softmax(dim=-2)  # (..., Tq, Tk)\n    return weights",
    ),
    Mutant(
        name="k and q swapped",
        page="attention/query-key-value.md",
        file="attention.py",
        old="q @ k.transpose(-2, -1)",
        new="k @ q.transpose(-2, -1)",
    ),
    Mutant(
        name="k averaged for v",
        page="attention/query-key-value.md",
        file="attention.py",
        old="return weights @ v",
        new="return weights @ k",
    ),
    Mutant(
        name="mask transposed",
        page="attention/causal-mask.md",
        file="attention.py",
        old="torch.ones(Tq, Tk, dtype=torch.bool, device=device).tril(diagonal=Tk - Tq)",
        new="torch.ones(Tq, Tk, dtype=torch.bool, device=device).triu(diagonal=Tk - Tq)",
    ),
    Mutant(
        name="mask after softmax",
        page="attention/causal-mask.md",
        file="attention.py",
        old="scores.masked_fill(~visible, -math.inf).softmax(dim=-1)",
        new="scores.softmax(dim=-1).masked_fill(~visible, 0.0)",
    ),
    Mutant(
        name="fill 0",
        page="attention/causal-mask.md",
        file="attention.py",
        old="scores.masked_fill(~visible, -math.inf).softmax",
        new="scores.masked_fill(~visible, 0.0).softmax",
    ),
    Mutant(
        name="fill -1e9",
        page="attention/causal-mask.md",
        file="attention.py",
        old="scores.masked_fill(~visible, -math.inf).softmax",
        new="scores.masked_fill(~visible, -1e9).softmax",
    ),
    Mutant(
        name="mask without its diagonal",
        page="attention/causal-mask.md",
        file="attention.py",
        old="diagonal=Tk - Tq)",
        new="diagonal=Tk - Tq - 1)",
    ),
    Mutant(
        name="mask lined up with the first keys",
        page="attention/causal-mask.md",
        file="attention.py",
        old=".tril(diagonal=Tk - Tq)",
        new=".tril()",
    ),
    Mutant(
        name="the fused mask the other way round",
        page="attention/causal-mask.md",
        file="attention.py",
        old="v, attn_mask=visible)\n\n\nclass Average",
        new="v, attn_mask=~visible)\n\n\nclass Average",
    ),
    Mutant(
        name="no scale",
        page="attention/scaled.md",
        file="attention.py",
        old="q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))",
        new="q @ k.transpose(-2, -1)",
    ),
    Mutant(
        name="scale by d",
        page="attention/scaled.md",
        file="attention.py",
        old="/ math.sqrt(q.size(-1))",
        new="/ q.size(-1)",
    ),
    Mutant(
        name="scale by the root of how many keys",
        page="attention/scaled.md",
        file="attention.py",
        old="math.sqrt(q.size(-1))",
        new="math.sqrt(k.size(-2))",
    ),
    Mutant(
        name="more queries than keys let through",
        page="attention/notes.md",
        file="attention.py",
        old="if Tq > Tk:",
        new="if Tq > 2 * Tk:",
    ),
    Mutant(
        name="position added twice",
        page="attention/one-head.md",
        file="model.py",
        old="self.token(tokens) + self.position(positions)",
        new="self.token(tokens) + 2 * self.position(positions)",
    ),
    Mutant(
        name="position left out",
        page="attention/one-head.md",
        file="model.py",
        old="return self.token(tokens) + self.position(positions)",
        new="return self.token(tokens)",
    ),
    Mutant(
        name="crop from the wrong end",
        page="attention/one-head.md",
        file="generate.py",
        old="tokens[-model.context_length :]",
        new="tokens[: model.context_length]",
    ),
    Mutant(
        name="the head hears the future",
        page="attention/one-head.md",
        file="attention.py",
        old="return attend(q, k, v, causal_mask(T, T, device=x.device))",
        new="return attend(q, k, v, torch.ones(T, T, dtype=torch.bool, device=x.device))",
    ),
    Mutant(
        name="the key handed over as the value",
        page="attention/one-head.md",
        file="attention.py",
        old="v = self.value(x)",
        new="v = self.key(x)",
    ),
    Mutant(
        name="the first logits in place of the last",
        page="attention/one-head.md",
        file="generate.py",
        old="model(context)[0, -1]",
        new="model(context)[0, 0]",
    ),
    Mutant(
        name="the query with a bias",
        page="attention/one-head.md",
        file="attention.py",
        old="self.query = nn.Linear(d_model, head_dim, bias=False)",
        new="self.query = nn.Linear(d_model, head_dim)",
    ),
    Mutant(
        name="letters dealt out as heads",
        page="gpt/multi-head.md",
        file="attention.py",
        old="[each.unflatten(-1, (-1, self.head_dim)).transpose(-3, -2) for",
        new="[each.reshape(*each.shape[:-2], -1, each.size(-2), self.head_dim) for",
    ),
    Mutant(
        name="no projection after the heads",
        page="gpt/multi-head.md",
        file="attention.py",
        old="return self.projection(found)",
        new="return found",
    ),
    Mutant(
        name="divided by the root of C",
        page="gpt/multi-head.md",
        file="attention.py",
        old="return attend(q, k, v, causal_mask(T, T, device=x.device))",
        new="return attend(q * math.sqrt(q.size(-1) / x.size(-1)), k, v, causal_mask(T, T, device=x.device))",
    ),
    Mutant(
        name="one head, listed several times",
        page="gpt/multi-head.md",
        file="attention.py",
        old="nn.ModuleList(Head(d_model, head_dim) for _ in range(n_head))",
        new="nn.ModuleList([Head(d_model, head_dim)] * n_head)",
    ),
    Mutant(
        name="heads merged without changing places",
        page="gpt/multi-head.md",
        file="attention.py",
        old="self.projection(found.transpose(-3, -2).flatten(-2))",
        new="self.projection(found.reshape(*found.shape[:-3], found.size(-2), -1))",
    ),
    Mutant(
        name="a last layer of its own",
        page="gpt/gpt.md",
        file="model.py",
        old="    lm_head.weight = embed.token.weight\n",
        new="",
    ),
    Mutant(
        name="biases where none should be",
        page="gpt/gpt.md",
        file="stages.py",
        old="decoder(config, vocab_size, nn.GELU, bias=False)",
        new="decoder(config, vocab_size, nn.GELU, bias=True)",
    ),
]
