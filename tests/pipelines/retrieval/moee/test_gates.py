from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.retrieval.moee.gates import FAMILIES, gate_of, weights

IDS = [[5, 80, 33, 7, 120, 64]]


def router_outputs(model: Any) -> list[tuple[Any, ...]]:
    """What every router of ``model`` returns for ``IDS``: logits, top-k weights and top-k experts, one row a token."""
    import torch

    found: list[tuple[Any, ...]] = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output: found.append(output))
        for name, module in model.named_modules()
        if name.endswith((".gate", ".router", ".moe_statics")) and len(list(module.parameters())) <= 2
    ]
    with torch.no_grad():
        model(input_ids=torch.tensor(IDS))
    for hook in hooks:
        hook.remove()
    return [output for output in found if isinstance(output, tuple) and len(output) == 3]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_gate_of_a_family_is_what_its_routers_use(family: str, make_model: Callable[..., Any]) -> None:
    model = make_model(family)
    outputs = router_outputs(model)
    assert outputs
    for logits, top_weights, top_experts in outputs:
        expected = np.take_along_axis(weights(logits.float().numpy(), FAMILIES[family]), top_experts.numpy(), axis=1)
        given = top_weights.float().numpy()
        # Families scale or renormalise the top k, each by one factor for a token.
        np.testing.assert_allclose(
            given / given.sum(1, keepdims=True), expected / expected.sum(1, keepdims=True), rtol=1e-4
        )


def test_gates_are_softmax_and_sigmoid() -> None:
    logits = np.log(np.array([[1.0, 2.0, 5.0], [4.0, 4.0, 8.0]]))
    np.testing.assert_allclose(weights(logits, "softmax"), [[1 / 8, 2 / 8, 5 / 8], [1 / 4, 1 / 4, 1 / 2]])
    np.testing.assert_allclose(weights(logits, "sigmoid"), [[1 / 2, 2 / 3, 5 / 6], [4 / 5, 4 / 5, 8 / 9]])


def config(family: str, **fields: Any) -> Any:
    from transformers import AutoConfig

    return AutoConfig.for_model(family, **fields)


def test_a_dense_model_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match=r"name 'my/llama' is a dense model \(llama\).*moee_virtual") as error:
        gate_of(config("llama"), "my/llama", "auto")
    assert "\n" not in str(error.value)


def test_an_explicit_gate_makes_no_dense_model_a_mixture() -> None:
    with pytest.raises(UserError, match="dense model"):
        gate_of(config("qwen2"), "my/qwen2", "softmax")


def test_an_unknown_family_needs_its_gate_named() -> None:
    with pytest.raises(UserError, match=r"gate of the family phimoe \('my/phi'\) is not known; give gate"):
        gate_of(config("phimoe"), "my/phi", "auto")
    assert gate_of(config("phimoe"), "my/phi", "softmax") == "softmax"


def test_a_gate_named_in_the_config_wins() -> None:
    assert gate_of(config("deepseek_v3"), "d", "auto") == "sigmoid"
    assert gate_of(config("deepseek_v3"), "d", "softmax") == "softmax"
