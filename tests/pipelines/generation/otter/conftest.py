"""Tiny models of every supported family, with inserted parameters that are anything but their beginning."""

from collections.abc import Callable
from typing import Any

import pytest

FAMILIES = ("llama", "qwen2", "qwen3")
WIDTH, HIDDEN = 8, 64


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Any]:
    """Makes a three-layer model of a family with random weights: grouped queries, biases where the family has them."""

    def make(family: str = "llama", dtype: str = "float32", **fields: Any) -> Any:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        torch.manual_seed(5)
        usual = {
            "vocab_size": 97,
            "hidden_size": HIDDEN,
            "intermediate_size": 96,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "initializer_range": 0.2,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 2,
        }
        config = AutoConfig.for_model(family, **{**usual, **fields})
        model = AutoModelForCausalLM.from_config(config)
        for name, parameter in model.named_parameters():
            if "norm" in name or name.endswith("bias"):  # ones and zeros would hide a wrong slice
                torch.nn.init.normal_(parameter, mean=float("norm" in name), std=0.3)
        return model.to(getattr(torch, dtype)).eval().requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def inserted() -> Callable[..., Any]:
    """Makes parameters for a model: copies of its own, then shaken, so that every one of them matters."""

    def make(model: Any, width: int = WIDTH, shaken: float = 0.2) -> Any:
        import torch

        from pipelines.generation.otter.parameters import Otter, copy_slices
        from pipelines.generation.otter.size import Size

        otter = Otter(model, Size(width, 1, 24))
        copy_slices(otter, model)
        torch.manual_seed(6)
        with torch.no_grad():
            for parameter in otter.parameters():
                parameter += shaken * torch.randn_like(parameter)
        return otter.to(model.dtype).eval().requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def ids() -> Any:
    import torch

    return torch.randint(3, 97, (2, 23), generator=torch.Generator().manual_seed(1))
