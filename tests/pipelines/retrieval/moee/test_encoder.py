"""Rows against a computation by hand on what the stock model puts out for one text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.retrieval.moee.combining import gated
from pipelines.retrieval.moee.encoder import Encoder, encoder_of
from pipelines.retrieval.moee.prompts import prompted
from pipelines.retrieval.moee.retriever import MoEEConfig, MoEEVirtualConfig

TEXTS = ["A cat sleeps on the mat", "Short", "", "Something rather longer than all the others, which are short indeed."]
PROOF = ["olmoe", "mixtral", "qwen2_moe", "deepseek_v3"]
Folder = Callable[..., Path]


def encoder(folder: Path, **changes: Any) -> Encoder:
    return encoder_of(MoEEConfig(name=str(folder), **changes))


def by_hand(model: Any, tokenizer: Any, text: str, sigmoid: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The hidden state, router logits and routing weights of one text by the stock model's own outputs."""
    import torch

    ids = torch.tensor([tokenizer(prompted(text, "prompteol"))["input_ids"]])
    with torch.no_grad():
        body = model.model(input_ids=ids, output_hidden_states=True, output_router_logits=True)
    last = [layer.view(ids.shape[1], -1)[-1].float() for layer in body.router_logits]
    chosen = [torch.sigmoid(layer) if sigmoid else torch.softmax(layer, dim=-1) for layer in last]
    return body.hidden_states[-1][0, -1].numpy(), torch.cat(last).numpy(), torch.cat(chosen).numpy()


@pytest.mark.parametrize("family", PROOF)
def test_a_text_alone_is_exactly_what_the_stock_model_puts_out(
    family: str, make_model: Callable[..., Any], byte_tokenizer: Any, model_folder: Folder
) -> None:
    ours = encoder(model_folder(family))
    for text in TEXTS:
        hidden, logits, chosen = by_hand(make_model(family), byte_tokenizer, text, family == "deepseek_v3")
        rows = ours.embed_documents([text])
        np.testing.assert_array_equal(rows[0], np.concatenate([hidden, logits]))
        np.testing.assert_allclose(gated(rows, ours.layout, "softmax")[0, 32:], chosen, rtol=1e-5)


@pytest.mark.parametrize("family", PROOF)
def test_batch_mates_and_order_do_not_show(family: str, model_folder: Folder) -> None:
    folder = model_folder(family)
    together = encoder(folder, batch_size=3).embed_documents(TEXTS)
    alone = np.concatenate([encoder(folder).embed_documents([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=2e-5)


def test_layouts_count_the_layers_that_route(model_folder: Folder) -> None:
    assert encoder(model_folder("olmoe")).layout.experts == (8, 8, 8)
    assert encoder(model_folder("deepseek_v3")).layout.experts == (8, 8)  # its first layer is dense
    assert encoder(model_folder("olmoe")).dimension == 32 + 24


def test_logits_of_the_vocabulary_are_never_computed(model_folder: Folder) -> None:
    ours = encoder(model_folder("olmoe"))
    calls: list[int] = []
    head = ours.load().model.lm_head.register_forward_hook(lambda *_: calls.append(1))
    ours.embed_documents(TEXTS)
    head.remove()
    assert not calls


def test_the_prompt_is_counted_and_a_long_text_cut(model_folder: Folder) -> None:
    ours = encoder(model_folder("olmoe"), max_length=64)
    frame = len('This sentence : "." means in one word:"')
    assert ours.count_tokens(["abc", "x" * 500]) == [frame + 3, 64]


def test_no_texts_give_no_rows(model_folder: Folder) -> None:
    assert encoder(model_folder("olmoe")).embed_documents([]).shape == (0, 56)


def test_identity_follows_weights_prompt_and_machine(model_folder: Folder) -> None:
    olmoe, mixtral = model_folder("olmoe"), model_folder("mixtral")
    base = encoder(olmoe, device="cpu")
    assert base.identity == encoder(olmoe, device="cpu", batch_size=7).identity
    hashes = {
        one.identity.partition(":")[0]
        for one in (base, encoder(mixtral), encoder(olmoe, prompt="none"), encoder(olmoe, max_length=99))
    }
    assert len(hashes) == 4
    assert base.identity.endswith(":float32:cpu:whole")
    assert encoder(olmoe, dtype="bfloat16", device="cpu").identity.endswith(":bfloat16:cpu:whole")


def test_a_dense_model_is_no_mixture_and_a_mixture_not_dense(model_folder: Folder) -> None:
    with pytest.raises(UserError, match="is a dense model"):
        encoder(model_folder("llama"))
    virtual = encoder_of(MoEEVirtualConfig(name=str(model_folder("mixtral")), experts=4))
    with pytest.raises(UserError, match="for a mixture of experts use kind moee"):
        virtual.embed_documents(["a"])


def test_a_mixture_without_a_routed_layer_is_refused(model_folder: Folder) -> None:
    with pytest.raises(UserError, match="gives no router logits"):
        encoder(model_folder("qwen2_moe", mlp_only_layers=[0, 1, 2])).embed_documents(["a"])


def test_four_bits_need_cuda(model_folder: Folder) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(UserError, match="quantization: 4bit needs"):
        encoder(model_folder("olmoe"), quantization="4bit").embed_documents(["a"])
