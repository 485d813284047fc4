from math import exp, log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, normalize

from pipelines.retrieval.mafin.losses import MASKED, combined, listwise


def cosines(queries: int, passages: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    left, right = (
        normalize(torch.randn(n, 8, generator=draw, dtype=torch.float64), dim=-1) for n in (queries, passages)
    )
    return left @ right.T


def test_one_relevant_passage_gives_the_contrastive_loss_on_the_combined_score() -> None:
    black_box, own, tau = cosines(2, 3, 1), cosines(2, 3, 2), 0.05
    grades = torch.tensor([[0, 1, 0], [1, 0, 0]])
    scores = [[(float(black_box[q, p]) + float(own[q, p])) / 2 for p in range(3)] for q in range(2)]
    first = -log(exp(scores[0][1] / tau) / sum(exp(s / tau) for s in scores[0]))
    second = -log(exp(scores[1][0] / tau) / sum(exp(s / tau) for s in scores[1]))
    found = float(listwise(combined(black_box, own, 0.5), grades, tau))
    assert found == pytest.approx((first + second) / 2, abs=1e-6)


def test_the_published_form() -> None:
    """0.01 x cross-entropy of 20 (0.8 S_bb + 0.2 S_theta) with in-batch negatives and label smoothing 0.2."""
    black_box, own = cosines(5, 5, 1), cosines(5, 5, 2)
    expected = 0.01 * cross_entropy(20 * (0.8 * black_box + 0.2 * own), torch.arange(5), label_smoothing=0.2)
    found = listwise(combined(black_box, own, 0.8), torch.eye(5, dtype=torch.long), 1 / 20, 0.2, 0.01)
    assert float(found) == pytest.approx(float(expected), abs=1e-6)


def test_distinct_grades_give_the_plackett_luce_likelihood() -> None:
    scores = torch.tensor([[0.3, -0.2, 0.9, 0.1]], dtype=torch.float64)
    a, b, c, d = (exp(float(s) / 0.5) for s in scores[0])
    # c (grade 3) out of all, then a (grade 2) out of the rest, then d (grade 1) before b (grade 0)
    likelihood = c / (a + b + c + d) * a / (a + b + d) * d / (b + d)
    found = 3 * float(listwise(scores, torch.tensor([[2, 0, 3, 1]]), 0.5))
    assert found == pytest.approx(-log(likelihood), abs=1e-6)


def test_passages_of_one_grade_do_not_compete() -> None:
    scores = torch.tensor([[1.0, 2.0, 0.5]], dtype=torch.float64)
    each = [log(1 + exp(0.5 - s)) for s in (1.0, 2.0)]
    assert float(listwise(scores, torch.tensor([[1, 1, 0]]), 1.0)) == pytest.approx(sum(each) / 2, abs=1e-6)


def test_a_masked_passage_takes_no_part() -> None:
    scores, grades = cosines(2, 4), torch.tensor([[1, 0, MASKED, 0], [0, 1, MASKED, 0]])
    kept = [0, 1, 3]
    for smoothing in (0.0, 0.2):
        with_it = listwise(scores, grades, 0.1, smoothing)
        assert float(with_it) == pytest.approx(float(listwise(scores[:, kept], grades[:, kept], 0.1, smoothing)))


def test_a_query_without_a_relevant_passage_counts_for_nothing() -> None:
    scores = cosines(2, 3)
    grades = torch.tensor([[1, 0, 0], [0, 0, 0]])
    assert float(listwise(scores, grades, 0.1)) == pytest.approx(float(listwise(scores[:1], grades[:1], 0.1)))


@settings(deadline=None)
@given(
    grades=st.lists(st.lists(st.integers(-1, 3), min_size=4, max_size=4), min_size=1, max_size=3).filter(
        lambda rows: any(grade > 0 for row in rows for grade in row)
    ),
    order=st.permutations(range(4)),
)
def test_the_order_of_passages_and_a_constant_do_not_matter(grades: list[list[int]], order: list[int]) -> None:
    scores, labels = cosines(len(grades), 4), torch.tensor(grades)
    loss = float(listwise(scores, labels, 0.2))
    assert loss >= 0
    assert float(listwise(scores[:, order] + 0.7, labels[:, order], 0.2)) == pytest.approx(loss)


def test_gradients_are_finite() -> None:
    scores = (cosines(2, 3) * 50).requires_grad_()
    listwise(scores, torch.tensor([[1, MASKED, 0], [2, 1, 0]]), 0.01, 0.2).backward()
    assert scores.grad is not None
    assert np.isfinite(scores.grad.numpy()).all()
