"""The split form: the model's own numbers stay as they are, to the bit."""

from typing import Any

import pytest

FAMILIES = ("llama", "qwen2", "qwen3")
HIDDEN = 64


def hidden(model: Any, ids: Any, **options: Any) -> Any:
    return model.get_decoder()(input_ids=ids, **options).last_hidden_state


@pytest.mark.parametrize("kernel", ["sdpa", "eager"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_the_models_own_to_the_bit(
    tiny: Any, inserted: Any, ids: Any, family: str, dtype: str, kernel: str
) -> None:
    import torch

    from pipelines.generation.otter.insertion import Insertion

    model = tiny(family, dtype)
    model.set_attn_implementation(kernel)
    before = model(input_ids=ids).logits
    otter = inserted(model)
    insertion = Insertion(model, otter)
    assert torch.equal(model(input_ids=ids).logits, before)
    states = hidden(model, ids)
    assert states.shape[-1] == HIDDEN + 8
    assert otter.signal(states).std() > 0.01  # it says something, and not the same everywhere
    insertion.remove()
    assert hidden(model, ids).shape[-1] == HIDDEN


@pytest.mark.parametrize("family", FAMILIES)
def test_slices_of_the_model_begin_as_a_copy_of_its_state(tiny: Any, inserted: Any, ids: Any, family: str) -> None:
    import torch

    from pipelines.generation.otter.insertion import Insertion

    model = tiny(family, "float64")
    Insertion(model, inserted(model, shaken=0.0))
    states = hidden(model, ids)
    torch.testing.assert_close(states[..., HIDDEN:], states[..., :8], rtol=1e-5, atol=1e-6)


def test_the_new_state_reads_the_old_and_not_the_other_way(tiny: Any, inserted: Any, ids: Any) -> None:
    import torch

    from pipelines.generation.otter.insertion import Insertion

    model = tiny()
    otter = inserted(model)
    Insertion(model, otter)
    before = hidden(model, ids)
    with torch.no_grad():
        otter.embedding.weight += 1
    after = hidden(model, ids)
    assert torch.equal(after[..., :HIDDEN], before[..., :HIDDEN])
    assert not torch.allclose(after[..., HIDDEN:], before[..., HIDDEN:])
    with torch.no_grad():
        model.get_decoder().layers[0].self_attn.v_proj.weight *= 2
    assert not torch.allclose(hidden(model, ids)[..., HIDDEN:], after[..., HIDDEN:])


@pytest.mark.parametrize("family", FAMILIES)
def test_token_by_token_with_a_cache_is_the_whole_text_at_once(tiny: Any, inserted: Any, ids: Any, family: str) -> None:
    import torch
    from transformers.cache_utils import DynamicCache

    from pipelines.generation.otter.insertion import Insertion

    model = tiny(family, "float64")
    Insertion(model, inserted(model))
    whole = hidden(model, ids)
    cache = DynamicCache(config=model.config)
    steps = [hidden(model, ids[:, :9], past_key_values=cache, use_cache=True)]
    steps += [hidden(model, ids[:, [place]], past_key_values=cache, use_cache=True) for place in range(9, 23)]
    torch.testing.assert_close(torch.cat(steps, 1), whole, rtol=1e-5, atol=1e-6)
    assert [layer.keys.shape[1] for layer in cache.layers] == [2, 2, 2, 1, 1, 1]


def test_padding_behind_a_text_changes_nothing_in_it(tiny: Any, inserted: Any, ids: Any) -> None:
    import torch

    from pipelines.generation.otter.insertion import Insertion

    model = tiny("llama", "float64")
    Insertion(model, inserted(model))
    padded = torch.cat([ids[:, :15], torch.full((2, 8), 2)], 1)
    torch.testing.assert_close(hidden(model, padded)[:, :15], hidden(model, ids[:, :15]), rtol=1e-6, atol=1e-8)
