"""Muon's step: as long in every direction, and for matrices side by side as for each alone."""

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.beyond.muon import Muon, orthogonalize


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(8, 8), (5, 12), (12, 5), (1, 7), (3, 6, 10)])
def test_all_singular_values_come_near_one(shape):
    values = torch.linalg.svdvals(orthogonalize(draw(*shape)))
    assert (values > 0.6).all() and (values < 1.2).all()


def test_directions_stay_as_they_were():
    """What was u vᵀ of length s is u vᵀ of length about 1, so the decompositions' U Vᵀ agree."""
    matrix = draw(6, 9)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    steps = torch.linalg.svd(orthogonalize(matrix), full_matrices=False)
    assert_close(steps.U @ steps.Vh, u @ v, rtol=0, atol=1e-4)


def test_by_hand_a_diagonal_matrix_keeps_its_signs_alone():
    step = orthogonalize(torch.diag(torch.tensor([3.0, -0.5, 1.0])))
    assert_close(step, torch.diag(torch.diag(step)))
    assert torch.equal(torch.diag(step).sign(), torch.tensor([1.0, -1.0, 1.0]))
    assert ((torch.diag(step).abs() - 1).abs() < 0.35).all()


def test_a_matrix_and_its_transpose_get_the_same_step():
    assert_close(orthogonalize(draw(4, 7).T), orthogonalize(draw(4, 7)).T)


def test_no_gradient_gives_no_step():
    assert torch.equal(orthogonalize(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_two_steps_are_those_of_the_formula():
    matrix, gradients = draw(4, 7).requires_grad_(), [draw(4, 7, seed=1), draw(4, 7, seed=2)]
    optimizer, expected, mean = Muon([matrix], lr=0.1, momentum=0.8), matrix.detach().clone(), torch.zeros(4, 7)
    for gradient in gradients:
        matrix.grad = gradient.clone()
        optimizer.step()
        mean = 0.8 * mean + 0.2 * gradient
        expected = expected - 0.1 * orthogonalize(0.8 * mean + 0.2 * gradient)
    assert_close(matrix.detach(), expected)


def test_matrices_of_one_shape_go_as_each_goes_alone():
    together, alone = ([draw(*shape, seed=i).requires_grad_() for i, shape in enumerate(SHAPES)] for _ in range(2))
    for matrices in (together, alone):
        for i, matrix in enumerate(matrices):
            matrix.grad = draw(*matrix.shape, seed=i + 10)
    Muon(together, lr=0.1).step()
    for matrix in alone:
        Muon([matrix], lr=0.1).step()
    for one, other in zip(together, alone, strict=True):
        assert_close(one, other)


SHAPES = [(4, 4), (12, 4), (4, 4), (16, 4), (4, 16)]


def test_queries_keys_and_values_are_three_squares():
    matrix = draw(12, 4).requires_grad_()
    before, gradient = matrix.detach().clone(), draw(12, 4, seed=1)
    matrix.grad = gradient.clone()
    Muon([matrix], lr=0.1, momentum=0.0).step()
    squares = torch.cat([orthogonalize(square) for square in gradient.chunk(3)])
    assert_close(matrix.detach(), before - 0.1 * squares)


def test_a_tall_matrix_goes_as_much_further_as_it_is_taller():
    matrix = draw(16, 4).requires_grad_()
    before = matrix.detach().clone()
    matrix.grad = draw(16, 4, seed=1)
    Muon([matrix], lr=0.1, momentum=0.0).step()
    assert_close(matrix.detach(), before - 0.1 * 2 * orthogonalize(draw(16, 4, seed=1)))


def test_a_matrix_without_a_gradient_stays():
    matrix = draw(4, 4).requires_grad_()
    Muon([matrix], lr=0.1).step()
    assert torch.equal(matrix.detach(), draw(4, 4))
