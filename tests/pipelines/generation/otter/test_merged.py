"""The fused form: an ordinary checkpoint, and stock code with one line changed."""

import inspect
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError

FAMILIES = ("llama", "qwen2", "qwen3")
HIDDEN, WIDTH = 64, 8


@pytest.mark.parametrize("family", FAMILIES)
def test_fused_computes_what_split_computes(tiny: Any, inserted: Any, ids: Any, family: str) -> None:
    import torch

    from pipelines.generation.otter.insertion import Insertion
    from pipelines.generation.otter.merged import merge

    model = tiny(family, "float64")
    otter = inserted(model)
    merged = merge(model, otter)
    Insertion(model, otter)
    split, fused = (one.get_decoder()(input_ids=ids).last_hidden_state for one in (model, merged))
    torch.testing.assert_close(fused, split, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(merged(input_ids=ids).logits, model(input_ids=ids).logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_stock_code_runs_the_checkpoint_with_one_line_changed(
    tiny: Any, inserted: Any, ids: Any, family: str, tied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from pipelines.generation.otter.merged import merge, save

    model = tiny(family, tie_word_embeddings=tied)
    expected = model(input_ids=ids).logits
    save(merge(model, inserted(model)), tmp_path)
    stock = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert type(stock) is type(model)
    assert not torch.allclose(stock(input_ids=ids).logits, expected, atol=1e-2)  # before the line is changed
    norm = type(stock.get_decoder().norm)
    source = textwrap.dedent(inspect.getsource(norm.forward))
    changed = source.replace("hidden_states.pow(2)", f"hidden_states[..., :{HIDDEN}].pow(2)")
    lines = list(zip(source.splitlines(), changed.splitlines(), strict=True))
    assert sum(before != after for before, after in lines) == 1
    space: dict[str, Any] = {"torch": torch}
    exec(changed, space)
    monkeypatch.setattr(norm, "forward", space["forward"])
    torch.testing.assert_close(stock(input_ids=ids).logits, expected, rtol=1e-4, atol=1e-4)


def test_the_checkpoint_is_opened_again_with_its_statistic(tiny: Any, inserted: Any, ids: Any, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from pipelines.generation.otter.merged import merge, save, use_original_statistics

    model = tiny("qwen3")
    merged = merge(model, inserted(model))
    save(merged, tmp_path)
    opened = use_original_statistics(AutoModelForCausalLM.from_pretrained(tmp_path))
    torch.testing.assert_close(opened(input_ids=ids).logits, merged(input_ids=ids).logits, rtol=1e-6, atol=1e-6)
    with pytest.raises(UserError, match="not a merged model"):
        use_original_statistics(model)


def test_dimensions_and_heads_of_the_merged_model(tiny: Any, inserted: Any) -> None:
    from pipelines.generation.otter.merged import merge

    model = tiny("llama")
    config = merge(model, inserted(model)).config
    sizes = (config.hidden_size, config.intermediate_size, config.num_attention_heads, config.num_key_value_heads)
    assert sizes == (64 + 8, 96 + 24, 4 + 2, 2 + 1)
    assert config.head_dim == 16
    assert model.config.hidden_size == HIDDEN


def test_a_width_that_stock_llama_would_refuse_is_refused_with_those_that_fit(tiny: Any, inserted: Any) -> None:
    from pipelines.generation.otter.merged import merge

    model = tiny("llama")
    with pytest.raises(UserError, match="take width 8 or 14, not 9"):
        merge(model, inserted(model, width=9))
    merge(tiny("qwen3"), inserted(tiny("qwen3"), width=9))
