# ---
# title: Train a head
# description: Train one head of self-attention on a play, hold its loss against counted pairs, and see its matrix fill in.
# minutes: 15
# needs: [one-head]
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train a head
#
# This is a lab: one notebook from top to bottom, made to be taken away and changed. A head of self-attention learns to
# continue a play. You see its loss fall past what counting
# pairs gives, and its attention matrix fill in.
#
# Take the notebook, or this page's cells one after the other. Each cell needs those above it, and all of them this
# course's package, `lower_triangle`, in the Python that runs them.
#
# ## Settings
#
# Everything that the end of this page asks you to change stands here.

# %%
CONTEXT = 8  # how many characters the head can see, the current one included
STEPS = 2000
BATCH = 32
LEARNING_RATE = 3e-3
SEED = 0
TEXT = "the leaf"  # what the head reads in the pictures
DRAWN = (0, 100, 500, STEPS)  # after how many steps its matrix is drawn

# %% [markdown]
# ## A yardstick that nobody trained
#
# Before you train anything, find out what is easy. Take the first nine tenths of the play and count which character
# follows which. Add one to each count, so that a pair that was never seen is not impossible. Divide each row by its
# sum. That is a model: given one character, it has a probability for the next. Its loss on the last tenth, which it
# has not seen, is the mean surprise at each of the \(N\) characters that come next,
#
# \[
# -\frac{1}{N} \sum_{t=1}^{N} \ln p\left(x_{t+1} \mid x_t\right),
# \]
#
# in nats a character. No guess at all, every character as likely as any other, costs the logarithm of the size of the
# vocabulary.

# %%
import math

from lower_triangle.corpus import load_corpus
from lower_triangle.counting import pair_losses

corpus = load_corpus("play")
V = len(corpus.tokenizer)
_, yardstick = pair_losses(corpus)  # the first is on the text that was counted
print(f"to learn from {len(corpus.train):6,} characters")
print(f"to test on    {len(corpus.val):6,}")
print(f"no guess at all {math.log(V):.3f} nats a character")
print(f"counted pairs   {yardstick:.3f}")

# %% [markdown]
# It is a yardstick and no floor: whoever adds something smaller than one gets a little below it, still without
# looking further back. So a model that beats it by a little has shown little. Remember that for the first thing to
# try.
#
# ## The model
#
# The recipe of the stage *head*: a vector for each character and one for its position, one head of self-attention,
# logits for the next character. The model has learnt nothing yet, and writes accordingly.

# %%
import random

import torch

from lower_triangle.config import ModelConfig
from lower_triangle.generate import generate
from lower_triangle.stages import head

torch.manual_seed(SEED)
model = head(ModelConfig(context_length=CONTEXT), V)


def write(length):
    """Text of the model as it is now, always drawn with the same seed."""
    start = corpus.tokenizer.encode("\n")
    drawn = generate(model, start, length, random.Random(SEED))
    return corpus.tokenizer.decode(list(drawn))


learnt = sum(numbers.numel() for numbers in model.parameters())
print(f"{learnt:,} numbers to learn")
print(write(120))

# %% [markdown]
# ## Where it looks
#
# The head's weights for a text are the softmax of its scores,
# \(\operatorname{softmax}\left(\q{Q}\k{K}^\top / \sqrt{d_k}\right)\), masked to the lower triangle. `attend` hands out
# averages of the values; with the identity for values, the averages are the weights themselves.

# %%
from lower_triangle.attention import attend, causal_mask


@torch.no_grad()
def look(text):
    """The head's weights on a text: row t is where position t looks."""
    T = len(text)
    x = model.embed(torch.tensor([corpus.tokenizer.encode(text)]))[0]  # (T, C)
    layer = model.blocks[0]
    q, k = layer.query(x), layer.key(x)  # each (T, D)
    return attend(q, k, torch.eye(T), causal_mask(T, T))  # (T, T)


text = TEXT[-CONTEXT:]
matrices = {0: look(text)}

# %% [markdown]
# ## The loop
#
# A few lines do the learning: draw a batch, predict, measure the surprise, find out which way each number should move,
# move it. The rest takes notes. The loss of a batch is noisy, since a batch is a few hundred characters; the loss on
# the last tenth is exact, and costs more, so it is measured now and then.

# %%
import time

from lower_triangle.corpus import draw_batch
from lower_triangle.loss import cross_entropy, evaluate

generator = torch.Generator().manual_seed(SEED)
optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
batch_losses = []
val_curve = [(0, evaluate(model, corpus.val))]
started = time.perf_counter()

for step in range(1, STEPS + 1):
    batch = draw_batch(corpus.train, CONTEXT, BATCH, generator)
    inputs, targets = batch  # each (B, T)
    loss = cross_entropy(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    batch_losses.append(loss.item())
    if step % 50 == 0 or step == STEPS:
        val_curve.append((step, evaluate(model, corpus.val)))
    if step in DRAWN:
        matrices[step] = look(text)

final = val_curve[-1][1]
print(f"{STEPS} steps in {time.perf_counter() - started:.1f} seconds")
print(f"loss on the last tenth {final:.3f}, counted pairs {yardstick:.3f}")

# %% [markdown]
# ## The loss against the yardstick
#
# Each dot is one batch. The line is the loss on the last tenth of the play, and the level is the counted pairs on the
# same last tenth, so these two may be compared. The comparison is hard on the head: its text is cut into windows of
# `CONTEXT` characters, and at the start of each it sees one character, as the pairs do.

# %% caption="The loss on unseen text falls fast to the level of the counted pairs, and slowly below it."
import matplotlib.pyplot as plt

from lower_triangle.figures import MUTED, draw_curves

ax = draw_curves({"last tenth": val_curve}, marks={"counted pairs": yardstick})
steps = range(1, STEPS + 1, 10)
ax.plot(steps, batch_losses[::10], ".", color=MUTED, markersize=1.5)
ax.set_ylabel("loss, nats a character")
plt.show()

below = [step for step, loss in val_curve if loss < yardstick]
print("first seen below the pairs after steps:", min(below, default="never"))

# %% [markdown]
# ## The matrix fills in
#
# The same characters, read by the same head, earlier and later. What is hatched is masked: it was 0 before the first
# step and is 0 after the last, because the mask is not learnt. Inside the triangle the head starts not far from the
# crude average, each row spread over all that it may see. Then it learns to choose: most of the weight gathers on the
# character itself and on the one before it.

# %% caption="A row first spreads over all that it may see; then its weight gathers near the diagonal."
from lower_triangle.figures import draw_weights

figure, axes = plt.subplots(2, 2, figsize=(6.4, 6.6), layout="constrained")
for ax, (step, weights) in zip(axes.flat, matrices.items()):
    draw_weights(weights, text, text, numbers=False, ax=ax)
    ax.set(xlabel=f"after {step} steps", ylabel="")
plt.show()

# %% [markdown]
# Two numbers say it without a picture. The entropy of a row is largest when its weights are equal and 0 when all the
# weight is in one place: *spread* is its share of the largest possible, on the mean over the rows that have a choice.
# *Near* is the weight that these rows give to the character itself and to the one before it.


# %%
def spread(weights):
    """How evenly rows deal out their weight: 0 all in one place, 1 equal."""
    rows = [row[: t + 1] for t, row in enumerate(weights)][1:]
    entropies = [-(row * row.clamp(min=1e-12).log()).sum() for row in rows]
    largest = [math.log(len(row)) for row in rows]
    shares = [float(e) / most for e, most in zip(entropies, largest)]
    return sum(shares) / max(1, len(shares))


def near(weights):
    """The weight that rows give to their own position and the one before."""
    rows = weights[2:]  # the first two have nowhere else to look
    at_home = rows.diagonal(offset=2).sum()
    one_before = rows.diagonal(offset=1).sum()
    return float(at_home + one_before) / max(1, len(rows))


for step, weights in matrices.items():
    print(f"after {step:4} steps: spread {spread(weights):.2f}", end=", ")
    print(f"near {near(weights):.2f}, above {weights.triu(1).sum():.1f}")

# %% [markdown]
# ## What it writes now
#
# The same model, the same newline to begin with, the same seed.

# %%
print(write(300))

# %% [markdown]
# Babble, with lines and pauses where a play has them. One head that looks back a few characters cannot know what a
# sentence is about. The loss says by how much it is better than counting pairs, and no more than that.
#
# ## What this lab claims
#
# The text above says a few things that training decides. So they are checked, in this run and in yours.

# %%
first, half = val_curve[0][1], val_curve[len(val_curve) // 2][1]
before, after = matrices[0], matrices[STEPS]
ones = torch.ones(len(text))
everything = torch.stack(list(matrices.values()))  # (drawn, T, T)


def of_rows(holds):
    """A claim about rows that choose; where the text is short, none does."""
    return holds if len(text) > 2 else None


claims = {
    "untrained, it is about as bad as no guess": first > math.log(V) - 0.3,
    "it ends a tenth of a nat below the pairs": final < yardstick - 0.1,
    "the first half of the steps gains most": first - half > 4 * (half - final),
    "it begins near the crude average": of_rows(spread(before) > 0.7),
    "it ends more choosy": of_rows(spread(after) < spread(before) - 0.2),
    "most of the weight ends near": of_rows(near(after) > 0.5 > near(before)),
    "never a weight above the diagonal": bool((everything.triu(1) == 0).all()),
    "every row sums to one": torch.allclose(everything.sum(dim=-1), ones),
}
for claim, holds in claims.items():
    print({True: "yes ", False: "no  ", None: "n/a "}[holds], claim)

# %% [markdown]
# ## Three things to try
#
# Change the settings, run everything, and look at which claims fall; *n/a* marks one that says nothing then. Write your
# guess down first.
#
# 1. **`CONTEXT = 1` and `BATCH = 256`**, so that a step still learns from 256 characters. The belief it attacks: *the
#    head is better because it has more numbers to learn.* With a context of 1 its queries, keys and values are all
#    still there and all still trained. Its matrix has one cell, and that cell is 1 whatever it learns. How far below
#    the counted pairs does it get, if at all? What made the difference, the numbers or the looking back?
# 2. **`SEED = 1`**, then 2, then 3. The belief it attacks: *the run with the lower loss has the better settings.*
#    Nothing but luck changes here. Note how far the final loss moves: any setting that moves it by less has shown
#    nothing. Look at the matrix too, and ask what in it was the text and what was luck.
# 3. **`TEXT = "the lead"`**. The belief it attacks: *the matrix belongs to the text as a whole, so another text gives
#    another matrix.* One character is different, the last. Find the rows that changed, and say why the others could
#    not, before you scroll up to the mask.
