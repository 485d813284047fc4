"""The attention that packs and slots share, on the kinds of attention that families of models have."""

from typing import Any

import pytest
import torch

from pipelines.errors import UserError
from pipelines.generation.attention import Segment, attend
from pipelines.generation.decoding import Decoder
from pipelines.generation.shapes import Shapes
from pipelines.records import Prompt

SIZES = {
    "vocab_size": 49152,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
    "eos_token_id": 2,
    "pad_token_id": 2,
}


def family(name: str) -> Any:
    """A tiny random model whose attention has a window of 12 tokens, and soft caps too for Gemma 2."""
    from transformers import AutoConfig, AutoModelForCausalLM

    capped = {"attn_logit_softcapping": 2.0, "final_logit_softcapping": None, "query_pre_attn_scalar": 8}
    extra = capped if name == "gemma2" else {"use_sliding_window": True, "max_window_layers": 2}
    torch.manual_seed(5)
    config = AutoConfig.for_model(name, sliding_window=12, **SIZES, **extra)
    return AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().requires_grad_(False)


@pytest.mark.parametrize("name", ["mistral", "qwen2", "gemma2"])
def test_windows_and_soft_caps_are_those_of_the_model(name: str, tokenizer: Any) -> None:
    model, reference = family(name), family(name)
    text = "the kestrel pump weighs nine kilograms and was painted deep blue by Ines Orr in the spring of 1904"
    asked = [Prompt(" ".join(text.split()[:length]) + end) for length in (4, 15, 18) for end in (" a", " b")]
    found = dict(Decoder(model, tokenizer, Shapes(pack=64, slots=2)).generate(asked, 10))
    for index, prompt in enumerate(asked):
        ids = tokenizer(prompt.text, add_special_tokens=False)["input_ids"]
        whole = reference.generate(torch.tensor([ids]), max_new_tokens=10, do_sample=False, use_cache=False)
        assert found[index].text == tokenizer.decode(whole[0, len(ids) :], skip_special_tokens=True).strip()
    assert len({answer.text for answer in found.values()}) > 3


def test_learned_sinks_are_refused() -> None:
    states = torch.zeros(1, 2, 3, 4)
    with pytest.raises(UserError, match="learned sinks"):
        attend(torch.nn.Identity(), states, states, states, torch.ones(1, 1, 3, 3).bool(), s_aux=torch.zeros(2))


def test_segments_of_a_pack_see_their_past_and_nothing_of_each_other() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 4, 9, 8), torch.randn(1, 2, 9, 8), torch.randn(1, 2, 9, 8)
    past = [(torch.randn(2, 3, 8), torch.randn(2, 3, 8))]
    first = Segment(0, 4, [], torch.ones(4, 4, dtype=torch.bool).tril())
    second = Segment(4, 7, past, torch.ones(3, 6, dtype=torch.bool).tril(3))
    packed, _ = attend(torch.nn.Identity(), query, key, value, torch.ones(1), segments=[first, second])
    for segment, before in ((first, None), (second, past[0])):
        part = slice(segment.start, segment.stop)
        keys = key[:, :, part] if before is None else torch.cat([before[0][None], key[:, :, part]], dim=2)
        values = value[:, :, part] if before is None else torch.cat([before[1][None], value[:, :, part]], dim=2)
        expected = torch.nn.functional.scaled_dot_product_attention(
            query[:, :, part],
            keys.repeat_interleave(2, 1),
            values.repeat_interleave(2, 1),
            attn_mask=segment.mask,
        )
        torch.testing.assert_close(packed[0, part], expected[0].transpose(0, 1))
        torch.testing.assert_close(segment.states, [(keys[0], values[0])])
