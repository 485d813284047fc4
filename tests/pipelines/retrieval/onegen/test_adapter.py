from pathlib import Path
from typing import Any

import pytest

from pipelines.finetuning.lora import save_adapter
from pipelines.generation import language_models
from pipelines.retrieval.onegen.adapter import adapted, prepared, tuned
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.states import hidden_states


class Tiny:
    """A ``LanguageModel`` as far as training needs one."""

    name = "owner/tiny"
    identity = {"weights": "w", "dtype": "float32", "device": "cpu"}  # noqa: RUF012

    def __init__(self, toy: Any, make_network: Any, *, tied: bool) -> None:
        self.trainable = lambda: (make_network(len(toy), tied=tied), toy)


def disturb(model: Any) -> None:
    """Another value for everything that is trained."""
    import torch

    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)


@pytest.mark.parametrize("tied", [True, False])
def test_matrices_and_new_rows_alone_are_trained_saved_and_merged(
    toy: Any, make_network: Any, tmp_path: Path, tied: bool
) -> None:
    import torch
    from safetensors.torch import load_file

    tiny: Any = Tiny(toy, make_network, tied=tied)
    network, vocabulary = prepared(tiny)
    base = network.get_input_embeddings().weight.clone()
    model = adapted(network, vocabulary, OneGenConfig(rank=2), 0)
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert all("lora_" in name or "trainable_tokens" in name for name in trained)
    rows = [value for name, value in trained.items() if "trainable_tokens" in name]
    assert [tuple(one.shape) for one in rows] == [(5, 32)] * (1 if tied else 2)
    disturb(model)
    ids = [*range(len(toy) - 4, len(toy) + 5)]

    def outputs(whole: Any) -> Any:
        with torch.inference_mode():
            (states,) = hidden_states(whole.get_decoder(), [ids])
            return states, whole.get_output_embeddings()(states)

    expected = outputs(model.get_base_model())
    save_adapter(model, tmp_path, tiny.name)
    saved = load_file(tmp_path / "adapter_model.safetensors")
    assert max(value.numel() for value in saved.values()) < base.numel()
    merged, _ = tuned(tiny, tmp_path)
    for left, right in zip(outputs(merged), expected, strict=True):
        assert torch.allclose(left, right, atol=1e-4)
    assert torch.equal(merged.get_input_embeddings().weight[: len(toy)], base[: len(toy)])


def test_a_real_model_folder_is_prepared(tiny_folder: Path) -> None:
    llm = language_models.build(language_models.parse({"kind": "hf", "name": str(tiny_folder), "dtype": "float32"}))
    network, vocabulary = prepared(llm)
    assert network.get_input_embeddings().weight.shape[0] == vocabulary.roles.proceed + 1
