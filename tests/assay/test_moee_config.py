"""configs/moee.yaml, run on tiny models of the architectures it names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import assay

CONFIG = Path(__file__).parents[2] / "configs/moee.yaml"
SIZES = {
    "vocab_size": 49152,
    "hidden_size": 16,
    "intermediate_size": 16,
    "moe_intermediate_size": 8,
    "shared_expert_intermediate_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "num_experts": 4,
    "num_experts_per_tok": 2,
}
ARCHITECTURES = {"allenai/OLMoE-1B-7B-0924": "olmoe", "Qwen/Qwen1.5-MoE-A2.7B": "qwen2_moe"}


@pytest.fixture
def tiny(tokenizer: Any, tmp_path: Path) -> dict[str, str]:
    """By hub name the folder of a tiny model of the same architecture."""
    from transformers import AutoConfig, AutoModelForCausalLM

    for name, family in ARCHITECTURES.items():
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SIZES))
        model.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    return {name: str(tmp_path / name) for name in ARCHITECTURES}


def replaced(value: Any, names: dict[str, str]) -> Any:
    """``value`` with tiny models in place of those on the hub, and every vector compared, which is quicker."""
    if isinstance(value, dict):
        found = {name: replaced(one, names) for name, one in value.items()}
        return found | ({"index": "exact"} if found.get("kind") == "moee" and "prompt" in found else {})
    if isinstance(value, list):
        return [replaced(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.slow
def test_every_configuration_runs_on_tiny_models_of_its_architecture(
    tiny: dict[str, str], small_dataset: Any, fake_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    data = replaced(yaml.safe_load(CONFIG.read_text(encoding="utf-8")), tiny)
    data |= {"dataset": small_dataset(tmp_path / "data"), "llm": "fake"}
    result = assay.retrieve(data, store=tmp_path / "store", runs=tmp_path / "runs", progress=False)
    # Two baselines, two models under two prompts with eight arms, and a reranker.
    assert len(result.rows) == 2 + 2 * 2 * 8 + 1
    assert {row.metrics["ndcg_at_10"].n for row in result.rows} == {result.questions}
