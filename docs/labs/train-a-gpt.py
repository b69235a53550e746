# ---
# title: Train a GPT
# description: Train a small GPT on a play or on your own text, watch its loss and its first words, and find out by switching heads off which of them it needs.
# minutes: 20
# needs: [gpt]
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train a GPT
#
# The second lab: the [whole model](../gpt/gpt.md), small enough to be trained while you wait. You watch its loss fall past
# what counting gives, one bar after another, and read what it writes on the way. Then you operate on it: each of its heads
# is switched off alone, and the loss says what it was worth.
#
# Take the notebook, or this page's cells one after the other. Each cell needs those above it, and all of them this
# course's package, `lower_triangle`, in the Python that runs them.
#
# ## Settings
#
# `TEXT` may be the path of any UTF-8 file of yours, from some tens of thousands of characters on.

# %%
TEXT = "play"  # the play of this course, or a file: "mytext.txt"
CONTEXT = 32  # how many characters the model can see
WIDTH = 64
HEADS = 4
LAYERS = 2
DROPOUT = 0.0
STEPS = 1200
BATCH = 16
LEARNING_RATE = 3e-3  # at its highest
SEED = 0

# %% [markdown]
# ## Bars to clear
#
# Before anything is trained, count. How often does each character follow the last one, the last two, the last three?
# That [takes a second](../grounding/counting.md) and no gradient, and it makes bars: a model that does not clear the
# first has not learnt to look at one character, one that does not clear the second cannot use two.

# %%
import math

from lower_triangle.corpus import load_corpus
from lower_triangle.counting import NGram

corpus = load_corpus(TEXT)
V = len(corpus.tokenizer)
bars = {}
for order in (2, 3, 4):
    counted = NGram(corpus.train, V, order)
    bars[f"{order - 1} before"] = counted.loss(corpus.val)
print(f"to learn from {len(corpus.train):7,} characters, {V} kinds")
print(f"to test on    {len(corpus.val):7,}")
print(f"no idea, ln {V}: {math.log(V):.3f} nats a character")
for name, loss in bars.items():
    print(f"counted, {name}: {loss:.3f}")

# %% [markdown]
# ## The model
#
# The recipe of the stage *gpt*, at these sizes. It begins as it should, with no idea: its loss is near the logarithm of
# the number of characters.

# %%
import torch

from lower_triangle.config import ModelConfig
from lower_triangle.loss import evaluate
from lower_triangle.stages import gpt

torch.manual_seed(SEED)
sizes = ModelConfig(
    context_length=CONTEXT,
    d_model=WIDTH,
    n_head=HEADS,
    n_layer=LAYERS,
    dropout=DROPOUT,
)
model = gpt(sizes, V)
fresh = evaluate(model, corpus.val)
parameters = sum(each.numel() for each in model.parameters())
print(f"{parameters:,} parameters, loss {fresh:.2f}")

# %% [markdown]
# ## The loop
#
# The one that you know, and what [a GPT adds to it](../reference/training.md): the learning rate warms up and falls along
# a cosine, long gradients are cut, and matrices are pulled towards 0. Every twentieth of the way the loss on the last
# tenth of the text is measured, exactly, and the model writes a line. The best model so far is kept.

# %%
import copy
import random

from lower_triangle.config import TrainConfig
from lower_triangle.corpus import draw_batch
from lower_triangle.generate import generate
from lower_triangle.train import make_optimizer, rate_share, take_step

settings = TrainConfig(
    steps=STEPS,
    batch_size=BATCH,
    warmup=STEPS // 20,
    final_share=0.1,
    weight_decay=0.1,
    beta2=0.99,
    clip=1.0,
    seed=SEED,
)
optimizer = make_optimizer(model, LEARNING_RATE, settings)
generator = torch.Generator().manual_seed(SEED)
curve = [(0, fresh)]
written = {}
best = copy.deepcopy(model)


def write(length):
    """Text of the model as it is now, always drawn with the same seed."""
    start = corpus.tokenizer.encode(corpus.tokenizer.vocabulary[0])
    drawn = generate(model, start, length, random.Random(SEED))
    return corpus.tokenizer.decode(list(drawn))


def learn(first, last):
    """The steps from `first` to `last`, with notes."""
    global best
    model.train()
    for step in range(first, last + 1):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate_share(step, settings)
        batch = draw_batch(corpus.train, CONTEXT, BATCH, generator)
        take_step(model, optimizer, batch, step, settings)
        if step % (STEPS // 20) == 0 or step == STEPS:
            curve.append((step, evaluate(model, corpus.val)))
            written[step] = write(60)
            model.train()
            if curve[-1][1] == min(loss for _, loss in curve):
                best = copy.deepcopy(model)


third = STEPS // 3
learn(1, third)
print(f"after {third} steps: {curve[-1][1]:.2f}")

# %%
learn(third + 1, 2 * third)
print(f"after {2 * third} steps: {curve[-1][1]:.2f}")

# %%
learn(2 * third + 1, STEPS)
print(f"after {STEPS} steps: {curve[-1][1]:.2f}")

# %% caption="The loss of a small GPT on unseen text falls past what one and two characters before can say when they are counted."
import matplotlib.pyplot as plt

from lower_triangle.figures import draw_curves

draw_curves({"last tenth": curve[1:]}, marks=bars)
plt.show()
for name, bar in bars.items():
    passed = [step for step, loss in curve if loss < bar]
    print(f"below {name} after", min(passed, default="never"))

# %% [markdown]
# ## What it wrote on the way
#
# The same first character, the same seed, after one twentieth of the steps, a quarter, a half, and all. Characters
# come first, then the lengths of words, then words.

# %%
for part in (20, 4, 2, 1):
    step = STEPS // 20 * (20 // part)
    print(f"after {step:4}: {written[step]!r}")
print()
print(write(300))

# %% [markdown]
# ## Where its heads look
#
# For each head, the weights at the last place of 500 unseen chunks, averaged: how much stays at home, goes one back, two
# to four back, and further.

# %%
from lower_triangle.attention import attend, causal_mask

chunks, targets = draw_batch(corpus.val, CONTEXT, 500, generator)


@torch.no_grad()
def looks():
    """The weights of all heads on the chunks: one (B, H, T, T) a block."""
    found = []
    x = best.embed(chunks)
    for block in best.blocks:
        q, k, _ = block.attn.split_heads(block.attn.qkv(block.ln_1(x)))
        visible = causal_mask(CONTEXT, CONTEXT)
        found.append(attend(q, k, torch.eye(CONTEXT), visible))
        x = block(x)
    return found


best.eval()
print("                home  one back  two to four  further")
for layer, weights in enumerate(looks()):
    mean = weights[:, :, -1].mean(dim=0).flip(-1)  # (H, T)
    for head in range(HEADS):
        home, one = mean[head, :2].tolist()
        few, rest = mean[head, 2:5].sum(), mean[head, 5:].sum()
        place = f"block {layer} head {head}"
        print(f"{place:16}{home:4.2f}  {one:8.2f}  {few:11.2f}  {rest:7.2f}")

# %% [markdown]
# ## Switch them off
#
# A picture shows where a head looks. Whether that matters is another question, and it can be asked: set what a head
# writes to 0, and leave everything else as it is. The columns of the projection that read this head are its
# [way back to the full width](../gpt/multi-head.md#what-the-projection-is-for), so those are set to 0.

# %%
from lower_triangle.loss import cross_entropy

D = WIDTH // HEADS


@torch.no_grad()
def loss_without(layer=None, head=None):
    """The loss on the chunks, with one head switched off if one is named."""
    patient = copy.deepcopy(best)
    if layer is not None:
        weight = patient.blocks[layer].attn.projection.weight  # (C, C)
        weight[:, head * D : (head + 1) * D] = 0
    return cross_entropy(patient(chunks), targets).item()


whole = loss_without()
costs = {}
for layer in range(LAYERS):
    for head in range(HEADS):
        costs[layer, head] = loss_without(layer, head) - whole
for (layer, head), cost in sorted(costs.items(), key=lambda each: -each[1]):
    print(f"block {layer} head {head}: the loss rises by {cost:.2f}")

# %% [markdown]
# They are not worth the same. And the sum of these numbers is not what all heads together are worth: what one does, another may be able to do
# in its place, or two may work on one thing.
#
# ## What this lab claims

# %%
final = curve[-1][1]
with torch.no_grad():
    last_moved = chunks.clone()
    last_moved[:, -1] = (last_moved[:, -1] + 1) % V
    before, after = best(chunks)[:, :-1], best(last_moved)[:, :-1]
order = list(bars.values())
claims = {
    "fresh, it has no idea": abs(fresh - math.log(V)) < 0.1,
    "it clears the first bar": final < order[0],
    "and the second": final < order[1],
    "the third is beyond it": final > order[2],
    "some head is worth a tenth of a nat": max(costs.values()) > 0.1,
    "and some head less than half of that": min(costs.values()) < 0.05,
    "no place hears the last one": torch.allclose(before, after),
}
for claim, holds in claims.items():
    print({True: "yes ", False: "no  "}[holds], claim)

# %% [markdown]
# ## Three things to try
#
# Write your guess down first, change the settings, run everything, and look at which claims fall.
#
# 1. **`HEADS = 1`**. The belief it attacks: *more heads are more numbers.* Count the parameters before you look. Then
#    compare the final loss; what do you have to know about seeds before you say anything?
# 2. **`TEXT = "mine.txt"`**, a text of yours. The belief it attacks: *it has learnt English.* Take another language, or a
#    program, and read what it writes after a twentieth of the steps. What comes first, in any text?
# 3. **`LAYERS = 1` and `WIDTH = 88`**. The belief it attacks: *what counts is the number of parameters.* It is about the same
#    here. Which bars does it clear, and what can two blocks do, one on the other, that one wide block cannot?
