"""What training changes, and what it leaves."""

import math
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.generation.judged_tokens import Tokens

RIGHT, WRONG = 11, 12
"""The token that makes an answer right, and the one that makes it wrong."""


def answers(count: int, label: float | None = None) -> list[Tokens]:
    made = []
    for number in range(count):
        right = number % 2 == 0
        prompt = [20 + (number // 2) % 30, 50, 51 + (number // 2) % 7]
        ids = (*prompt, 60 + number % 5, RIGHT if right else WRONG)
        made.append(Tokens(ids, 3, float(right) if label is None else label, str(prompt)))
    return made


def settings(**changed: Any) -> Any:
    from pipelines.generation.otter.training import Settings

    usual = {"objective": "pointwise", "beginnings": 0.3, "tokens": 0.3, "epochs": 6, "batch_size": 8}
    return Settings(**{**usual, "learning_rate": 1e-2, "weight_decay": 0.0, **changed})


def begun(model: Any) -> Any:
    from pipelines.generation.otter.parameters import Otter, copy_slices
    from pipelines.generation.otter.size import Size

    otter = Otter(model, Size(8, 1, 24))
    copy_slices(otter, model)
    return otter


def snapshot(module: Any) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in module.state_dict().items()}


@pytest.mark.parametrize("objective", ["pointwise", "pairwise"])
def test_right_answers_get_the_greater_signal_and_the_model_stays_as_it_was(tiny: Any, objective: str) -> None:
    from pipelines.generation.otter.training import signals, train

    model = tiny()
    otter, before = begun(model), snapshot(model)
    took = train(model, otter, answers(40), answers(12), settings(objective=objective), 2, 1)
    assert snapshot(model) == before
    assert all(parameter.grad is None for parameter in model.parameters())
    held = answers(60)[40:]
    found = signals(model, otter, held, 2, 4)
    assert min(found[::2]) > max(found[1::2])
    assert took["steps"] == 6 * math.ceil((20 if objective == "pairwise" else 40) / 8)
    assert took["tokens"] >= 6 * 40 * 5
    assert took["loss"] < 0.5


def test_every_inserted_parameter_learns(tiny: Any) -> None:
    from pipelines.generation.otter.training import train

    model = tiny("qwen2")
    otter = begun(model)
    before = snapshot(otter)
    train(model, otter, answers(16), [], settings(epochs=2), 2, 1)
    assert [name for name, value in snapshot(otter).items() if value == before[name]] == []


def test_the_head_is_fitted_before_anything_else_learns(tiny: Any) -> None:
    """By logistic regression on the inserted part of the state, with the penalty that dev chooses."""
    import numpy as np
    import torch

    from pipelines.generation import linear_probe
    from pipelines.generation.judged_tokens import last_states
    from pipelines.generation.otter.insertion import Insertion
    from pipelines.generation.otter.training import train

    model = tiny()
    otter, start = begun(model), snapshot(begun(model))
    rows, dev = answers(24), answers(40)[24:]
    took = train(model, otter, rows, dev, settings(epochs=0), 2, 1)
    inserted = Insertion(model, otter)
    states = last_states(model, [*rows, *dev], 2, 4)[:, -otter.size.width :].numpy()
    inserted.remove()
    labels = np.array([row.label for row in (*rows, *dev)])
    head = linear_probe.train(states[:24], labels[:24], states[24:], labels[24:])
    torch.testing.assert_close(otter.head.weight, torch.tensor(head.weight), rtol=1e-2, atol=1e-3)
    learnt = {name for name, value in snapshot(otter).items() if value != start[name]}
    assert learnt == {"head.weight", "head.bias"}
    assert (took["steps"], took["tokens"]) == (0, 40 * 5)


def test_the_epoch_of_least_loss_on_dev_is_kept(tiny: Any) -> None:
    """Dev says the opposite of train, so every step makes it worse: the head that was fitted at first is kept."""
    from pipelines.generation.otter.training import train

    model = tiny()
    alone, tuned = begun(model), begun(model)
    opposite = [Tokens(row.ids, row.start, 1 - row.label, row.prompt) for row in answers(8)]
    first = train(model, alone, answers(16), opposite, settings(epochs=0), 2, 1)
    kept = train(model, tuned, answers(16), opposite, settings(epochs=5, learning_rate=3e-3), 2, 1)
    assert kept["loss"] == first["loss"]
    assert snapshot(tuned) == snapshot(alone)


def test_equal_seeds_give_equal_parameters(tiny: Any) -> None:
    from pipelines.generation.otter.training import train

    model = tiny()
    made = [begun(model) for _ in range(3)]
    for otter, seed in zip(made, (1, 1, 2), strict=True):
        train(model, otter, answers(24), [], settings(epochs=1, batch_size=4), 2, seed)
    assert snapshot(made[0]) == snapshot(made[1]) != snapshot(made[2])


def test_without_anything_to_learn_from_it_says_what_to_do(tiny: Any) -> None:
    from pipelines.generation.otter.training import train

    model = tiny()
    with pytest.raises(UserError, match="no two answers to one prompt"):
        train(model, begun(model), answers(8, label=1.0), [], settings(objective="pairwise"), 2, 1)
    with pytest.raises(UserError, match="no judged answer"):
        train(model, begun(model), [], [], settings(), 2, 1)


def values() -> Any:
    """Two answers, of two tokens and of one."""
    import torch

    from pipelines.generation.otter.objectives import Values

    return Values(
        torch.tensor([2.0, -1.0]),
        torch.tensor([[0.5, 2.0], [-1.0, 7.0]]),
        torch.tensor([[0.0, 1.0], [3.0, 7.0]]),
        torch.tensor([[True, True], [True, False]]),
    )


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_pointwise_loss_by_hand() -> None:
    import torch

    from pipelines.generation.otter.objectives import pointwise

    label = torch.tensor([1.0, 0.0])
    last = (softplus(-2.0) + softplus(-1.0)) / 2
    beginnings = (softplus(-0.5) + softplus(-2.0) + softplus(-1.0)) / 3
    foretold = (softplus(0.0) + softplus(-1.0) + softplus(3.0)) / 3
    assert float(pointwise(values(), label, 0.0, 0.0)) == pytest.approx(last)
    assert float(pointwise(values(), label, 0.5, 0.25)) == pytest.approx(last + beginnings / 2 + foretold / 4)


def test_pairwise_loss_by_hand() -> None:
    """The second beginning has no counterpart in the worse answer."""
    import torch

    from pipelines.generation.otter.objectives import pairwise

    found = float(pairwise(values(), torch.tensor([1.0, 0.0]), 0.5, 0.25))
    assert found == pytest.approx(softplus(-3.0) + softplus(-1.5) / 2 + softplus(3.0) / 4)


def test_values_are_read_where_the_answer_stands(tiny: Any, inserted: Any) -> None:
    import torch

    from pipelines.generation.judged_tokens import collate
    from pipelines.generation.otter.objectives import values as read

    otter = inserted(tiny())
    rows = [Tokens((3, 4, 5, 6), 2, 1.0, "a"), Tokens((7, 8, 9), 2, 0.0, "b")]
    batch = collate(rows, 2, torch.device("cpu"))
    hidden = torch.randn(2, 4, 72, generator=torch.Generator().manual_seed(1))
    found = read(otter, hidden, batch)
    signal = otter.signal(hidden)
    assert found.there.tolist() == [[True, True], [True, False]]
    torch.testing.assert_close(found.last, torch.stack([signal[0, 3], signal[1, 2]]))
    torch.testing.assert_close(found.beginnings[0], signal[0, 2:])
    assert float(found.beginnings[1, 0]) == pytest.approx(float(signal[1, 2]))
    expected = otter.token_signals(hidden[0, 1:3], torch.tensor([[5], [6]]))[:, 0]
    torch.testing.assert_close(found.foretold[0], expected)
