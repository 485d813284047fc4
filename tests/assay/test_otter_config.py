"""``configs/otter.yaml``, made for a GPU: its sizes fit the model it names, and its plan is made with a tiny one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from assay.loading import load_experiment, parse_experiment
from assay.planning import make_plan
from pipelines.generation.interventions.otter import OtterConfig

CONFIG = Path(__file__).parents[2] / "configs/otter.yaml"


def test_sizes_fit_the_model_at_paper_scale_and_stay_small() -> None:
    """On torch's meta device, which holds shapes and no numbers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from pipelines.generation.otter.parameters import Otter
    from pipelines.generation.otter.size import Size, merged_size

    experiment = load_experiment(CONFIG)
    found = [one.intervention for one in experiment.configurations if isinstance(one.intervention, OtterConfig)]
    (size,) = {Size(one.width, one.kv_heads, one.inner) for one in found}
    llama = LlamaConfig(  # Llama 3.1 8B
        vocab_size=128256,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
    )
    with torch.device("meta"):
        base = LlamaForCausalLM(llama)
        otter = Otter(base, size)
    assert merged_size(llama, size)["hidden_size"] == 4608
    total = sum(one.numel() for one in base.parameters())
    assert total == 8_030_261_248
    assert sum(one.numel() for one in otter.parameters()) < 0.135 * total


def test_a_plan_is_made_with_a_tiny_model_of_the_family(
    tiny_model: Path, small_dataset: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    data: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    data |= {"llm": {"kind": "hf", "name": str(tiny_model)}, "dataset": small_dataset(tmp_path / "data")}
    plan = make_plan(parse_experiment(data, CONFIG), tmp_path / "store")
    assert len(plan.lines) == len(plan.experiment.configurations) == 2 + 3 + 3 + 3 + 1 + 1
    assert plan.minutes > 0
