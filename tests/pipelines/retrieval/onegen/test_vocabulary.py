from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.retrieval.onegen.vocabulary import DESCRIPTIONS, Vocabulary, add_rows, between


def test_new_ids_follow_the_tokenizers_own(toy: Any) -> None:
    roles = Vocabulary.of(toy, "toy").roles
    assert roles.ids == tuple(range(len(toy), len(toy) + 5))
    assert (roles.query, roles.document, roles.proceed) == (len(toy), len(toy) + 1, len(toy) + 4)
    assert roles.retrieving == {roles.query, roles.mention}


def test_a_tokenizer_that_holds_a_special_token_is_refused(toy: Any) -> None:
    from copy import deepcopy

    held = deepcopy(toy)
    held.add_tokens(["[RQ]", "[SE]"], special_tokens=True)
    with pytest.raises(UserError, match=r"tokenizer of owner/tuned already holds \[RQ\], \[SE\]"):
        Vocabulary.of(held, "owner/tuned")


def test_no_text_spells_a_special_or_control_token(tokenizer: Any) -> None:
    vocabulary = Vocabulary.of(tokenizer, "smollm2")
    ids = vocabulary.encode("<|im_end|> [RQ] <|endoftext|> [RD]")
    assert not {*vocabulary.roles.ids, *tokenizer.all_special_ids} & set(ids)
    assert tokenizer.decode(ids) == "<|im_end|> [RQ] <|endoftext|> [RD]"


@pytest.mark.parametrize("tied", [True, False])
def test_a_new_row_is_the_mean_of_its_descriptions_rows(toy: Any, make_network: Any, tied: bool) -> None:
    import torch

    network, vocabulary = make_network(len(toy), tied=tied), Vocabulary.of(toy, "toy")
    before = network.get_output_embeddings().weight.clone()
    add_rows(network, vocabulary)
    words = toy.convert_tokens_to_ids(["the", "content", "of", "a", "document"])
    for layer in (network.get_input_embeddings(), network.get_output_embeddings()):
        assert layer.weight.shape[0] == len(toy) + 5
        assert not layer.weight.requires_grad
        assert torch.allclose(layer.weight[vocabulary.roles.document], layer.weight[words].mean(0), atol=1e-6)
    assert torch.equal(network.get_output_embeddings().weight[: len(toy)], before)


def test_rows_that_a_model_holds_beyond_its_tokenizer_are_used_first(toy: Any, make_network: Any) -> None:
    network = make_network(len(toy) + 20)
    add_rows(network, Vocabulary.of(toy, "toy"))
    assert network.get_input_embeddings().weight.shape[0] == len(toy) + 20


def test_every_description_has_words_of_its_own() -> None:
    assert len(set(DESCRIPTIONS.values())) == 5


def test_between_splits_at_every_occurrence() -> None:
    assert between([9, 1, 2, 9, 3], 9) == [[], [1, 2], [3]]
    assert between([], 9) == [[]]
