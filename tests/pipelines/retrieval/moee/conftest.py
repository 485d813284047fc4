"""Tiny models with random weights: mixtures of experts of several families, and a dense Llama to be split."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.retrieval.moee.gates import FAMILIES

SMALL = {
    "vocab_size": 260,
    "hidden_size": 32,
    "intermediate_size": 64,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_experts": 8,
    "num_local_experts": 8,
    "n_routed_experts": 8,
    "moe_num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_k": 2,
    "moe_topk": [2, 2, 2],
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "moe_layer_start_index": 1,
    "head_dim": 8,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "initializer_range": 0.3,
    "pad_token_id": 256,
    "bos_token_id": 257,
    "eos_token_id": 258,
}
"""Every name that some family has for a size; configs keep what they do not know and ignore it."""
MORE: dict[str, dict[str, Any]] = {
    "deepseek_v2": {"num_key_value_heads": 4},
    "deepseek_v3": {"num_key_value_heads": 4},
    "dots1": {"n_shared_experts": 1},
    "hunyuan_v1_moe": {"num_experts": 8, "moe_topk": 2},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 1, "expert_layer_offset": 0,
              "use_mamba_kernels": False, "mamba_d_state": 8, "mamba_dt_rank": 8},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "full_attention"], "num_dense_layers": 1},
    "qwen3_next": {"layer_types": ["linear_attention", "full_attention", "full_attention"],
                   "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2,
                   "linear_num_value_heads": 4},
}  # fmt: skip


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Any]:
    """Makes a tiny causal model of a family, in float32, the same each time."""

    def make(family: str, **changes: Any) -> Any:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        dense = {name: value for name, value in SMALL.items() if "expert" not in name and "moe" not in name}
        sizes = SMALL if family in FAMILIES else dense
        config = AutoConfig.for_model(family, **{**sizes, **MORE.get(family, {}), **changes})
        torch.manual_seed(7)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        for name, weight in model.named_parameters():
            if name.endswith(("gate.weight", "router.weight")):  # some families start routers at zero
                torch.nn.init.normal_(weight, std=0.5)
        return model.eval().requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def byte_tokenizer() -> Any:
    """One token a byte, so that a letter beyond ASCII is several."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<pad>", "<s>", "</s>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        clean_up_tokenization_spaces=False,
    )


@pytest.fixture(scope="session")
def model_folder(
    make_model: Callable[..., Any], byte_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """The folder of a tiny model of a family, as ``name`` takes it."""
    made: dict[str, Path] = {}

    def folder(family: str, **changes: Any) -> Path:
        key = f"{family}{sorted(changes.items())}"
        if key not in made:
            made[key] = tmp_path_factory.mktemp("models") / family
            make_model(family, **changes).save_pretrained(made[key])
            byte_tokenizer.save_pretrained(made[key])
        return made[key]

    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
