"""What is drawn: which arrows there are, where they lead, how far shadows reach, which row is which step."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, FancyArrowPatch

from lower_triangle.arrows import KEY, QUERY, draw_graph, draw_match
from lower_triangle.figures import INK, MUTED, WEIGHT, draw_filling

# Row by row who looks. The last may not look at the first; the second looks ahead.
WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.125, 0.875]])


@pytest.fixture
def ax():
    yield draw_graph(WEIGHTS, "a\nb")
    plt.close("all")


def arrows(ax):
    """Each arrow by the letters that it begins and ends at: its path is one curve of four corners, then the head."""
    found = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    return {tuple(round(patch.get_path().vertices[end][0]) for end in (0, 3)): patch for patch in found}


def test_an_arrow_leads_from_who_is_looked_at_to_who_looks_and_none_where_the_weight_is_0(ax):
    assert sorted(arrows(ax)) == [(0, 0), (0, 1), (1, 1), (1, 2), (2, 1), (2, 2)]


def test_arrows_lead_forward_above_the_letters_and_back_below_them(ax):
    for (s, t), arrow in arrows(ax).items():
        heights = arrow.get_path().vertices[:4, 1]
        assert (heights > 0).all() if s < t else (heights < 0).all(), (s, t)


def test_the_larger_a_weight_the_wider_its_arrow(ax):
    widths = {WEIGHTS[t, s].item(): arrow.get_linewidth() for (s, t), arrow in arrows(ax).items()}
    assert len(widths) == 5
    assert [widths[weight] for weight in sorted(widths)] == sorted(widths.values())


def test_letters_and_weights_are_written_and_weights_can_be_left_out(ax):
    assert sorted(text.get_text() for text in ax.texts) == sorted(
        ["a", "⏎", "b", "1.00", "0.25", "0.50", "0.25", "0.13", "0.88"]
    )
    assert [text.get_text() for text in draw_graph(WEIGHTS, "a\nb", numbers=False).texts] == ["a", "⏎", "b"]


def test_it_is_drawn_in_the_colours_that_follow_the_palette(ax):
    assert {to_hex(arrow.get_edgecolor()) for arrow in arrows(ax).values()} == {WEIGHT}
    assert {to_hex(circle.get_edgecolor()) for circle in ax.patches if isinstance(circle, Circle)} == {MUTED}
    assert {text.get_color() for text in ax.texts} == {INK}


def test_all_of_it_lies_within_the_axes_however_far_an_arrow_leads():
    T = 7
    for weights in (torch.ones(T, T), torch.ones(T, T).tril(), torch.eye(T)):
        ax = draw_graph(weights, "not yet")
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        places = [text.get_position() for text in ax.texts]
        assert all(left < x < right and low < y < high for x, y in places)
    plt.close("all")


def test_it_draws_where_it_is_told_to():
    _, mine = plt.subplots()
    assert draw_graph(torch.eye(2), "ab", ax=mine) is mine
    plt.close("all")


def test_a_key_throws_its_shadow_as_far_as_its_dot_product_with_a_query_of_length_1():
    query, keys = torch.tensor([0.6, 0.8]), torch.tensor([[5.0, 0.0], [0.0, 5.0], [4.0, -3.0]])
    ax = draw_match(query, keys, "abc")
    said = [text.get_text() for text in ax.texts if text.get_text()]
    assert said == ["a", "3", "b", "4", "c", "0"]
    feet = [line.get_xydata()[1] for line in ax.lines if line.get_linestyle() == ":"]
    assert [[round(x, 4) for x in foot] for foot in feet] == [[1.8, 2.4], [2.4, 3.2], [0.0, 0.0]]
    colours = [line.get_color() for line in ax.lines if line.get_marker() in ("o", "s")]
    assert colours == [QUERY, KEY, KEY, KEY]
    plt.close("all")


def test_each_row_of_a_figure_that_fills_in_is_a_step_with_all_that_stands_in_it():
    ax = draw_filling(WEIGHTS, "a\nb")
    plt.close("all")
    assert [cell.get_gid() for cell in ax.patches] == [f"step-{t}" for t in (0, 0, 0, 1, 1, 1, 2, 2, 2)]
    assert [number.get_gid() for number in ax.texts] == [f"step-{t}" for t in (0, 1, 1, 1, 2, 2)]
    assert [letter.get_gid() for letter in ax.get_yticklabels()] == ["step-0", "step-1", "step-2"]
