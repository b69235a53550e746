"""Drawings with arrows: attention as a graph, and a query that meets its keys.

Shapes: T letters, Tk keys.
"""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path
from torch import Tensor

from lower_triangle.figures import INK, MUTED, WEIGHT, keep_axes, rounded, visible_character

QUERY, KEY = "#a3360f", "#1d5fa8"
# The radius of a letter's circle in a graph, whose letters stand 1 apart.
NODE = 0.22


def draw_match(query: Tensor, keys: Tensor, letters: str) -> Axes:
    """Draw a query as an arrow and each key as a square that throws its shadow on the query's line.

    Shadows are as long as the dot products where the query has length 1.

    Shapes:
        query: (2,)
        keys: (Tk, 2)
    """
    _, ax = plt.subplots(figsize=(3.6, 3.2), layout="constrained")
    direction = query / query.norm()
    ax.annotate("", query.tolist(), (0, 0), arrowprops={"arrowstyle": "-|>", "color": QUERY, "linewidth": 2})
    ax.plot(*query.tolist(), marker="o", color=QUERY, markerfacecolor="none", markersize=9)
    for letter, key in zip(letters, keys, strict=True):
        shadow = (key @ direction).item()
        foot = (shadow * direction).tolist()
        ax.plot(*zip(key.tolist(), foot, strict=True), color=MUTED, linestyle=":", linewidth=1)
        ax.plot(*key.tolist(), marker="s", color=KEY, markersize=7)
        ax.annotate(letter, key.tolist(), (7, 5), textcoords="offset points", color=INK, family="monospace")
        ax.annotate(f"{shadow:g}", foot, (0, -16), textcoords="offset points", ha="center", color=INK, fontsize=9)
    reach = 1.2 * keys.abs().max().item()
    ax.set(xlim=(-0.3, reach), ylim=(-0.4, reach), aspect="equal", xticks=[], yticks=[])
    ax.axhline(0, color=MUTED, linewidth=0.8, zorder=0)
    ax.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    ax.set_xlabel("consonant", color=MUTED, fontsize=9)
    ax.set_ylabel("vowel", color=MUTED, fontsize=9)
    keep_axes(ax)
    return ax


def draw_graph(weights: Tensor, letters: Sequence[str], numbers: bool = True, ax: Axes | None = None) -> Axes:
    """Draw attention weights as a graph: an arrow from who is looked at to who looks, the wider the larger its weight.

    What is said flows along the arrows. Above the letters they lead forward in time, below them back, and a loop is
    what a letter takes of itself. A weight of exactly 0 has no arrow.

    Shapes:
        weights: (T, T)
    """
    T = len(letters)
    edges = [(int(s), int(t)) for t, s in weights.nonzero()]
    top = arc_height(max([0] + [t - s for s, t in edges]))
    bottom = arc_height(max([0] + [s - t for s, t in edges]))
    if ax is None:
        _, ax = plt.subplots(figsize=(0.74 * T + 0.1, 0.74 * (top + bottom + 0.6)), layout="constrained")
    for s, t in edges:
        draw_edge(ax, s, t, float(weights[t, s]), numbers)
    for place, letter in enumerate(letters):
        ax.add_patch(Circle((place, 0), NODE, facecolor="none", edgecolor=MUTED, linewidth=0.8))
        shown = visible_character(letter)
        ax.text(place, 0, shown, ha="center", va="center_baseline", color=INK, family="monospace")
    ax.set(xlim=(-0.55, T - 0.45), ylim=(-bottom - 0.3, top + 0.3), aspect="equal", xticks=[], yticks=[])
    keep_axes(ax)
    return ax


def draw_edge(ax: Axes, s: int, t: int, weight: float, number: bool) -> None:
    """An arrow from s to t: over the letters where s comes first, under them where it comes later, or a loop below."""
    forward, apart = (1 if s < t else -1), abs(t - s)
    height = forward * arc_height(apart)
    # The farther it goes, the nearer to the top of the circle it begins and ends, so that arrows lie in each other.
    lean = NODE * (0.9 * forward / apart**0.5 if apart else 0.5)
    rise = forward * math.sqrt(NODE**2 - lean**2)
    bend = 0.2 * (t - s) if apart else 0.25
    # A curve rises three quarters of the way to the two points that pull at it.
    pull = rise + (height - rise) / 0.75
    corners = [(s + lean, rise), (s + lean + bend, pull), (t - lean - bend, pull), (t - lean, rise)]
    curve = Path(corners, [Path.MOVETO] + 3 * [Path.CURVE4])
    look = {"color": WEIGHT, "alpha": min(1.0, 0.65 + 0.35 * weight), "linewidth": 0.8 + 2.8 * weight}
    ax.add_patch(FancyArrowPatch(path=curve, arrowstyle="-|>", mutation_scale=7 + 5 * weight, **look))
    if number:
        # Between neighbours there is room under the arrow, and above it others pass.
        place = ((s + t) / 2, forward * 0.3 if apart == 1 else height + forward * 0.15)
        ax.text(*place, rounded(weight), ha="center", va="center", color=INK, fontsize=9)


def arc_height(apart: int) -> float:
    """How far from the line of letters an arrow between two of them goes, or a loop where they are one."""
    return 0.66 * apart**0.9 if apart else 0.46
