"""Drawings in the one visual language of the site: weights as a ramp, what is masked hatched, losses as lines.

Colours are those of the light palette; on the site they follow the reader's palette.

Shapes: Tq, Tk rows and columns of a matrix.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from statistics import fmean

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

INK, MUTED, WEIGHT = "#1c1b22", "#6b6a75", "#5b8def"
# Lines differ in their dashes and carry their names; colours are kept for queries, keys, values and weights.
DASHES = ("-", "--", "-.", ":")


def visible_character(character: str) -> str:
    """A character as figures show it: a space as ␣, a newline as ⏎."""
    return {" ": "␣", "\n": "⏎"}.get(character, character)


def draw_weights(
    weights: Tensor, rows: Sequence[str], columns: Sequence[str], numbers: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw attention weights: one row a query, one column a key, the fuller a cell the larger its weight.

    A weight of exactly 0 was masked and is hatched. Rows and columns are a text, or a list of words.

    Shapes:
        weights: (Tq, Tk)
    """
    Tq, Tk = weights.shape
    if ax is None:
        side = 0.62 if numbers else 0.26
        _, ax = plt.subplots(figsize=(side * Tk + 0.6, side * Tq + 0.6), layout="constrained")
    for t in range(Tq):
        for s in range(Tk):
            weight = float(weights[t, s])
            if weight == 0:
                cell = Rectangle((s, t), 1, 1, facecolor="none", edgecolor=MUTED, hatch="///", linewidth=0)
            else:
                cell = Rectangle((s, t), 1, 1, facecolor=WEIGHT, alpha=min(1.0, 0.08 + 0.8 * weight), linewidth=0)
            ax.add_patch(cell)
            if numbers and weight:
                ax.text(s + 0.5, t + 0.5, rounded(weight), ha="center", va="center", color=INK, fontsize=9)
    ax.set(xlim=(0, Tk), ylim=(Tq, 0), aspect="equal")
    label(ax, rows, columns)
    return ax


def draw_filling(weights: Tensor, letters: str) -> Axes:
    """Draw the weights of a text on itself, each row marked as a step: the site fills it in row by row.

    Shapes:
        weights: (T, T)
    """
    ax = draw_weights(weights, letters, letters)
    for cell in ax.patches:
        cell.set_gid(f"step-{cell.get_y()}")
    for number in ax.texts:
        number.set_gid(f"step-{math.floor(number.get_position()[1])}")
    for row, letter in enumerate(ax.get_yticklabels()):
        letter.set_gid(f"step-{row}")
    return ax


def rounded(weight: float) -> str:
    """Two decimals, a half rounded up as on paper: 1/8 is 0.13."""
    return f"{math.floor(100 * weight + 0.5) / 100:.2f}"


def label(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Name each row and column by its character or word, and leave out the frame."""
    ax.set_xticks([s + 0.5 for s in range(len(columns))], map(visible_character, columns), family="monospace")
    ax.set_yticks([t + 0.5 for t in range(len(rows))], map(visible_character, rows), family="monospace")
    ax.tick_params(length=0, colors=INK)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("who is looked at", color=MUTED, fontsize=9)
    ax.set_ylabel("who looks", color=MUTED, fontsize=9)
    for spine in ax.spines.values():
        spine.set_visible(False)


def draw_bars(heights: Mapping[str, float], numbers: str = ".2f", ax: Axes | None = None) -> Axes:
    """Draw a bar for each character or name, in the order given, and its height in figures; `numbers=""` for none."""
    if ax is None:
        _, ax = plt.subplots(figsize=(max(2.2, 0.14 * len(heights)), 2.2), layout="constrained")
    places = range(len(heights))
    ax.bar(places, heights.values(), width=0.7, color=WEIGHT)
    for place, height in zip(places, heights.values(), strict=True):
        if numbers:
            above = "bottom" if height >= 0 else "top"
            ax.text(place, height, f"{height:{numbers}}", ha="center", va=above, color=INK, fontsize=9)
    ax.set_xticks(places, map(visible_character, heights), family="monospace")
    ax.axhline(0, color=MUTED, linewidth=0.8)
    ax.margins(x=0.02, y=0.15)
    keep_axes(ax, "left")
    ax.tick_params(axis="x", length=0)
    return ax


def draw_examples(chunk: str) -> Axes:
    """Draw what a chunk asks of a model: a row for each prediction, with what is read at its left and what comes next.

    What has not been read yet is hatched.
    """
    T = len(chunk) - 1
    _, ax = plt.subplots(figsize=(0.42 * (T + 2) + 0.9, 0.42 * T + 0.7), layout="constrained")
    for t in range(T):
        for s in range(T):
            draw_cell(ax, s, t, chunk[s] if s <= t else None)
        ax.annotate("", (T + 0.9, t + 0.5), (T + 0.15, t + 0.5), arrowprops={"arrowstyle": "->", "color": MUTED})
        draw_cell(ax, T + 1, t, chunk[t + 1])
    ax.set(xlim=(-0.05, T + 2.05), ylim=(T + 0.05, -0.05), aspect="equal")
    ax.set_xticks([T / 2, T + 1.5], ["what is read", "next"], color=MUTED, fontsize=9)
    ax.set_yticks([t + 0.5 for t in range(T)], [f"t = {t}" for t in range(T)], fontsize=9)
    keep_axes(ax)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    return ax


def draw_cell(ax: Axes, column: int, row: int, character: str | None) -> None:
    """A cell with a character in it, or hatched where there is none to be seen."""
    look = {"hatch": "///", "edgecolor": MUTED, "linewidth": 0} if character is None else {"edgecolor": MUTED}
    ax.add_patch(Rectangle((column, row), 1, 1, facecolor="none", **({"linewidth": 0.8} | look)))
    if character is not None:
        shown = visible_character(character)
        ax.text(column + 0.5, row + 0.5, shown, ha="center", va="center", color=INK, family="monospace")


def draw_curves(
    curves: Mapping[str, Sequence[tuple[int, float]]], marks: Mapping[str, float] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw losses against steps, each line named at its end; `marks` are levels to compare with."""
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    marks = marks or {}
    last = max(curve[-1][0] for curve in curves.values())
    levels = [(curve[-1][1], name) for name, curve in curves.items()] + [(level, name) for name, level in marks.items()]
    places = spread(levels, apart=0.055)
    for dashes, (name, curve) in zip(cycle(DASHES), curves.items(), strict=False):
        steps, losses = zip(*curve, strict=True)
        ax.plot(steps, losses, color=INK, linestyle=dashes, linewidth=1.4)
        lead(ax, last, losses[-1], places[name], f"{name} {losses[-1]:.3f}", INK, dashes)
    for name, level in marks.items():
        ax.plot((0, last), (level, level), color=MUTED, linewidth=0.8)
        lead(ax, last, level, places[name], f"{name} {level:.3f}", MUTED, "solid")
    ax.set_xlim(left=0, right=last)
    ax.set_xlabel("steps", color=INK)
    ax.set_ylabel("validation loss, nats a character", color=INK)
    keep_axes(ax, "left", "bottom")
    return ax


def draw_ladder(
    losses: Mapping[str, Sequence[float]], reported: Mapping[str, float], marks: Mapping[str, float]
) -> Axes:
    """Draw what each of several models reached, on a row of its own: a dot a seed, and the mean in figures.

    An open square is what others report for that row; `marks` are levels to compare with.
    """
    _, ax = plt.subplots(figsize=(6.4, 0.34 * len(losses) + 0.9), layout="constrained")
    for row, (name, each) in enumerate(losses.items()):
        ax.scatter(each, [row] * len(each), s=12, color=INK, zorder=3)
        if name in reported:
            ax.scatter(reported[name], row, s=52, marker="s", facecolor="none", edgecolor=MUTED, zorder=2)
        ax.text(1.02, row, f"{fmean(each):.3f}", transform=ax.get_yaxis_transform(), va="center", color=INK, fontsize=9)
    for name, level in marks.items():
        ax.axvline(level, color=MUTED, linewidth=0.8, zorder=1)
        ax.text(level, -0.8, name, ha="center", va="bottom", color=MUTED, fontsize=9)
    ax.set_yticks(range(len(losses)), losses)
    ax.set_ylim(len(losses) - 0.5, -0.6)
    ax.set_xlabel("final validation loss, nats a character", color=INK)
    keep_axes(ax, "bottom")
    ax.tick_params(axis="y", length=0)
    return ax


def keep_axes(ax: Axes, *kept: str) -> None:
    """Leave out the frame but for the named sides."""
    ax.tick_params(colors=INK)
    for side, spine in ax.spines.items():
        spine.set_visible(side in kept)
        spine.set_color(MUTED)


def lead(ax: Axes, last: float, end: float, place: float, label: str, color: str, dashes: str | tuple) -> None:
    """Lead from a line's end to its name, which may have had to make room for others."""
    ax.plot((last, last * 1.03, last * 1.09), (end, place, place), color=color, linestyle=dashes, lw=1, clip_on=False)
    ax.text(last * 1.1, place, label, color=color, va="center", fontsize=9)


def spread(ends: list[tuple[float, str]], apart: float) -> dict[str, float]:
    """Where to write the name of each line so that no two names touch."""
    places: dict[str, float] = {}
    lowest = float("-inf")
    for value, name in sorted(ends):
        lowest = max(value, lowest + apart)
        places[name] = lowest
    return places
