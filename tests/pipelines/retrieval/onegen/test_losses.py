"""Both losses against closed forms."""

import math
from typing import Any

import pytest

from pipelines.finetuning.examples import IGNORED
from pipelines.retrieval.onegen.losses import bpr, cosines, generation_loss, info_nce, over_sequence


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_info_nce_is_the_cross_entropy_over_all_documents() -> None:
    import torch

    scores = torch.tensor([[0.9, 0.5, -0.2], [0.1, 0.3, 0.2]])
    first = -math.log(math.exp(9) / (math.exp(9) + math.exp(5) + math.exp(-2)))
    second = -math.log(math.exp(2) / (math.exp(1) + math.exp(3) + math.exp(2)))
    assert info_nce(scores, [0, 2], [[0], [2]], 0.1).item() == pytest.approx((first + second) / 2, abs=1e-6)


def test_documents_that_support_a_question_too_are_no_rivals() -> None:
    import torch

    scores = torch.tensor([[0.9, 0.5, -0.2]])
    expected = -math.log(math.exp(9) / (math.exp(9) + math.exp(-2)))
    assert info_nce(scores, [0], [[0, 1]], 0.1).item() == pytest.approx(expected, abs=1e-6)


def test_bpr_compares_each_anchor_with_its_own_negatives() -> None:
    import torch

    scores = torch.tensor([[0.9, 0.5, -0.2, 0.3], [0.1, 0.4, 0.2, 0.0]])
    own = [softplus(-(0.9 - 0.5)), softplus(-(0.9 + 0.2)), softplus(-(0.4 - 0.0))]
    assert bpr(scores, [0, 1], [[1, 2], [3]], 1.0).item() == pytest.approx(sum(own) / 3, abs=1e-6)
    warm = [softplus(-(0.9 - 0.5) / 0.5), softplus(-(0.9 + 0.2) / 0.5), softplus(-(0.4 - 0.0) / 0.5)]
    assert bpr(scores, [0, 1], [[1, 2], [3]], 0.5).item() == pytest.approx(sum(warm) / 3, abs=1e-6)


def test_a_document_counts_by_the_nearest_of_its_vectors() -> None:
    import torch

    anchors = torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    vectors = torch.tensor([[3.0, 4.0], [0.0, 1.0], [-1.0, 0.0]])
    found = cosines(anchors, vectors, [2, 1])
    assert torch.allclose(found, torch.tensor([[0.6, -1.0], [1.0, 0.0]]))
    assert torch.allclose(cosines(anchors, vectors, [2, 1], normalised=True), torch.tensor([[6.0, -2.0], [20.0, 0.0]]))


def test_generation_loss_is_taken_where_there_are_labels() -> None:
    import torch

    head = torch.nn.Linear(2, 3, bias=False)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    states = [torch.tensor([[1.0, 0.0], [0.0, 2.0], [9.0, 9.0]]), torch.tensor([[0.0, 0.0], [7.0, 7.0]])]
    e = math.e
    expected = [-math.log(e / (e + 2)), math.log(3)]  # the first position and the only one of the second sequence
    found = generation_loss(head, states, [[IGNORED, 0, IGNORED], [1, 2]])
    assert found.item() == pytest.approx(sum(expected) / 2, abs=1e-6)


def test_normalising_along_the_sequence_depends_on_padding_and_the_cosine_does_not() -> None:
    import torch

    states = torch.tensor([[3.0, 1.0], [4.0, 1.0]])
    padded = torch.cat([states, torch.tensor([[12.0, 0.0]])])
    assert torch.allclose(over_sequence(states)[1], torch.tensor([4 / 5, 1 / math.sqrt(2)]))
    assert torch.allclose(over_sequence(padded)[1], torch.tensor([4 / 13, 1 / math.sqrt(2)]))

    def cosine(rows: Any) -> float:
        return cosines(rows[1:2], rows[0:1], [1]).item()

    assert cosine(states) == cosine(padded) == pytest.approx(13 / math.sqrt(17 * 10))
