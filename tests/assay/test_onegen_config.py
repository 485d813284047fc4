"""The experiment at paper size, run on a small dataset with a tiny model of the same architecture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay

ROOT = Path(__file__).parents[2]
NAME = "Qwen/Qwen2-1.5B"


@pytest.fixture(scope="module")
def tiny_qwen(tiny_config: Any, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a two-layer Qwen2 with random weights."""
    import torch
    from transformers import Qwen2ForCausalLM

    torch.manual_seed(0)
    config = tiny_config("qwen2", tie_word_embeddings=True, bos_token_id=1, eos_token_id=2)
    folder = tmp_path_factory.mktemp("qwen")
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def shrunk(value: Any, folder: str) -> Any:
    """The experiment with the tiny model, and two optimiser steps in place of hundreds."""
    steps = {"onegen": "max_steps", "mafin": "steps"}
    if isinstance(value, list):
        return [shrunk(one, folder) for one in value]
    if not isinstance(value, dict):
        return folder if value == NAME else value
    small = {name: shrunk(one, folder) for name, one in value.items()}
    kind = small.get("kind")
    return {**small, steps[kind]: 2} if kind in steps else small


@pytest.mark.slow
def test_every_arm_runs_and_runs_again_from_the_store(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_qwen: str,
    small_dataset: Callable[[Path], dict[str, str]],
) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    settings = shrunk(yaml.safe_load((ROOT / "configs/onegen.yaml").read_text(encoding="utf-8")), tiny_qwen)
    settings |= {
        "dataset": small_dataset(tmp_path / "data"),
        "latency": {"questions": 10},
        "forgetting": {"questions": 0},
    }
    settings |= {"max_new_tokens": 4, "prompts": settings["prompts"][:1], "finetuning": {"kind": "lora", "epochs": 1}}

    def run() -> Any:
        return assay.run(
            settings, store=tmp_path / "store", runs=tmp_path / "runs", tracking=False, progress=False
        ).results

    first, again = run(), run()
    by_id = {one.id: one for one in first.configurations}
    assert {"onegen", "onegen_as_retriever", "onegen_untrained", "onegen_as_published"} <= set(by_id)
    assert by_id["onegen"].latency is not None
    assert by_id["onegen"].cost.index_usd + by_id["onegen"].cost.train_usd > by_id["onegen_untrained"].cost.index_usd
    metrics = [one.metrics for one in first.configurations]
    assert [one.metrics for one in again.configurations] == metrics
