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
]
