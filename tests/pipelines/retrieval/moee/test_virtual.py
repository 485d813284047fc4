from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.retrieval.moee import virtual
from pipelines.retrieval.moee.encoder import encoder_of
from pipelines.retrieval.moee.prompts import prompted
from pipelines.retrieval.moee.retriever import MoEEVirtualConfig
from pipelines.retrieval.moee.virtual import arrange, balanced_clusters, virtual_model

IDS = [[5, 80, 33, 7, 120, 64]]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(1, 5), st.integers(0, 99))
def test_clusters_are_of_one_size(clusters: int, size: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(clusters * size, 3))
    assert np.bincount(balanced_clusters(points, clusters), minlength=clusters).tolist() == [size] * clusters


def test_points_that_lie_together_share_a_cluster() -> None:
    rng = np.random.default_rng(1)
    corners = np.repeat([[9.0, 0], [0, 9], [-9, -9]], 4, axis=0)
    order = rng.permutation(12)
    labels = balanced_clusters((corners + rng.normal(0, 0.1, corners.shape))[order], 3)
    together = [{*np.flatnonzero(labels == cluster)} for cluster in range(3)]
    assert sorted(map(sorted, together)) == sorted(sorted(np.flatnonzero(order // 4 == corner)) for corner in range(3))


def test_the_virtual_mixture_computes_what_the_dense_model_does(make_model: Callable[..., Any]) -> None:
    import torch

    dense, split = make_model("llama", mlp_bias=True), make_model("llama", mlp_bias=True)
    before = split.model.layers[0].mlp.gate_proj.weight.clone()
    virtual_model(split, None, "llama", "a", experts=8)
    assert not torch.equal(split.model.layers[0].mlp.gate_proj.weight, before)
    with torch.no_grad():
        expected, found = (model(input_ids=torch.tensor(IDS)).logits for model in (dense, split))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_an_expert_alone_is_its_share_of_the_layer(make_model: Callable[..., Any]) -> None:
    """The outputs of the experts, each by its own neurons, add up to the dense layer's."""
    import torch

    layer = make_model("llama").model.layers[0].mlp
    inputs = torch.randn(5, 32, generator=torch.Generator().manual_seed(2))
    dense = layer(inputs)
    arrange(layer, balanced_clusters(layer.gate_proj.weight.numpy(), 4))
    total = torch.zeros_like(dense)
    for expert in torch.arange(64).split(16):
        gate, up = inputs @ layer.gate_proj.weight[expert].T, inputs @ layer.up_proj.weight[expert].T
        total += (torch.nn.functional.silu(gate) * up) @ layer.down_proj.weight[:, expert].T
    torch.testing.assert_close(total, dense, rtol=1e-5, atol=1e-5)


def test_routing_weights_are_shares_of_activation_mass(
    make_model: Callable[..., Any], byte_tokenizer: Any, model_folder: Callable[..., Path]
) -> None:
    import torch

    ours = encoder_of(MoEEVirtualConfig(name=str(model_folder("llama")), experts=4))
    (row,) = ours.embed_documents(["A cat sleeps"])
    dense = make_model("llama")
    masses: list[np.ndarray] = []
    for layer in dense.model.layers:
        labels = balanced_clusters(layer.mlp.gate_proj.weight.bfloat16().float().numpy(), 4)

        def weigh(_: Any, inputs: Any, labels: np.ndarray = labels) -> None:
            neurons = inputs[0][0, -1].abs().numpy()
            masses.append(np.array([neurons[labels == expert].sum() for expert in range(4)]))

        layer.mlp.down_proj.register_forward_pre_hook(weigh)
    with torch.no_grad():
        output = dense.model(torch.tensor([byte_tokenizer(prompted("A cat sleeps", "prompteol"))["input_ids"]]))
    np.testing.assert_allclose(row[:32], output.last_hidden_state[0, -1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(row[32:]), np.concatenate(masses), rtol=1e-4)
    shares = np.exp(row[32:]).reshape(3, 4)
    np.testing.assert_allclose(
        shares / shares.sum(1, keepdims=True), np.stack(masses) / np.stack(masses).sum(1, keepdims=True), rtol=1e-4
    )


def test_clusters_are_computed_once(
    make_model: Callable[..., Any], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual_model(make_model("llama"), None, "llama", "some weights", experts=4)
    assert len(list((cache / "moee").glob("*.npy"))) == 1
    monkeypatch.setattr(virtual, "balanced_clusters", None)
    virtual_model(make_model("llama"), None, "llama", "some weights", experts=4)


def test_experts_must_divide_the_neurons(make_model: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match=r"experts must divide the 64 neurons of a layer of 'my/llama', and 5 does not"):
        virtual_model(make_model("llama"), None, "my/llama", "a", experts=5)


def test_a_model_without_gated_layers_is_refused(make_model: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match="no gated feed-forward layers"):
        virtual_model(make_model("gpt_neox"), None, "my/neox", "a", experts=4)


def test_virtual_is_in_every_name(model_folder: Callable[..., Path]) -> None:
    assert encoder_of(MoEEVirtualConfig(name=str(model_folder("llama")))).name == "virtual llama"
