"""Steps of an optimiser: how the rate rises and falls, and that gradients are cut."""

import pytest

from pipelines.descent import Descent


def test_the_rate_rises_over_a_tenth_and_falls_to_nothing_and_gradients_are_cut_to_norm_one() -> None:
    import torch

    weights = torch.zeros(2, requires_grad=True)
    descent = Descent(torch.optim.SGD([weights], lr=1.0), steps=20)
    lengths = []
    for _ in range(20):
        before = weights.detach().clone()
        descent.step((weights * torch.tensor([30.0, 40.0])).sum())  # a gradient of norm 50, cut to 0.6 and 0.8
        moved = before - weights.detach()
        assert (moved[0] / moved[1]).item() == pytest.approx(0.75, rel=1e-4)
        lengths.append(moved.norm().item())
    assert lengths[:2] == pytest.approx([0.5, 1.0], rel=1e-4)
    assert lengths[2:] == pytest.approx([(20 - step) / 18 for step in range(2, 20)], rel=1e-3)


def test_a_small_gradient_is_left_as_it_is() -> None:
    import torch

    weights = torch.zeros(1, requires_grad=True)
    Descent(torch.optim.SGD([weights], lr=1.0), steps=1).step(0.25 * weights.sum())
    assert weights.item() == pytest.approx(-0.25)
