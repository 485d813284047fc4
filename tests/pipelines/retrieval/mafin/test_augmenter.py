from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.retrieval.mafin.augmenter import Augmenter, AugmenterConfig, spread

pytestmark = pytest.mark.slow


@settings(deadline=None)
@given(layers=st.integers(1, 40), data=st.data())
def test_kept_layers_are_spread_from_the_first_to_the_last(layers: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, layers))
    places = spread(number, layers)
    assert places == sorted(set(places))
    assert len(places) == number
    assert places[0] == 0
    assert number == 1 or places[-1] == layers - 1


def test_a_cut_model_has_the_weights_of_the_layers_it_keeps(tiny_encoder: Path) -> None:
    whole = Augmenter.start(AugmenterConfig(name=str(tiny_encoder))).model[0].model
    cut = Augmenter.start(AugmenterConfig(name=str(tiny_encoder), layers=2)).model[0].model
    assert (len(whole.encoder.layer), len(cut.encoder.layer)) == (4, 2)
    for kept, place in enumerate((0, 3)):
        weights = cut.encoder.layer[kept].state_dict()
        for name, values in whole.encoder.layer[place].state_dict().items():
            assert weights[name].equal(values)


def test_more_layers_than_there_are_cannot_be_kept(tiny_encoder: Path) -> None:
    with pytest.raises(UserError, match="layers: 9 are to be kept, the model has 4"):
        Augmenter.start(AugmenterConfig(name=str(tiny_encoder), layers=9))


def test_minilm_is_cut_to_three_layers_unless_told_otherwise() -> None:
    assert AugmenterConfig().kept_layers == 3
    assert AugmenterConfig(layers=6).kept_layers == 6
    assert AugmenterConfig(name="BAAI/bge-small-en-v1.5").kept_layers is None


def test_what_is_saved_gives_the_same_vectors_and_holds_no_pickle(tiny_encoder: Path, tmp_path: Path) -> None:
    config = AugmenterConfig(name=str(tiny_encoder), layers=2, max_length=8)
    started = Augmenter.start(config)
    started.save(tmp_path / "saved")
    loaded = Augmenter.load(tmp_path / "saved", config)
    texts = ["The pump leaks.", "A text of many more words than are read of it, so that it is cut."]
    rows = started.embed(texts, "document")
    assert np.array_equal(loaded.embed(texts, "document"), rows)
    assert rows == pytest.approx(started.forward(texts, "document").detach().numpy(), abs=0.02)  # bfloat16 in training
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(2), abs=1e-6)
    suffixes = {path.suffix for path in (tmp_path / "saved").rglob("*") if path.is_file()}
    assert suffixes <= {".safetensors", ".json", ".txt"}


def test_prefixes_are_those_of_the_role(tiny_encoder: Path) -> None:
    plain = Augmenter.start(AugmenterConfig(name=str(tiny_encoder)))
    prefixed = Augmenter.start(AugmenterConfig(name=str(tiny_encoder), query_prefix="query: "))
    assert np.array_equal(prefixed.embed(["pump"], "query"), plain.embed(["query: pump"], "query"))
    assert np.array_equal(prefixed.embed(["pump"], "document"), plain.embed(["pump"], "document"))


def test_low_rank_adapters_alone_are_trained_and_are_merged_when_saved(tiny_encoder: Path, tmp_path: Path) -> None:
    import torch

    config = AugmenterConfig(name=str(tiny_encoder), lora=2)
    augmenter = Augmenter.start(config)
    trained = {name for name, one in augmenter.model.named_parameters() if one.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    with torch.no_grad():
        for name, one in augmenter.model.named_parameters():
            if name in trained:
                one.fill_(0.05)
    rows = augmenter.embed(["The pump leaks."], "query")
    augmenter.save(tmp_path / "saved")
    assert Augmenter.load(tmp_path / "saved", config).embed(["The pump leaks."], "query") == pytest.approx(
        rows, abs=1e-5
    )
    assert not any("lora" in path.name or "adapter" in path.name for path in (tmp_path / "saved").rglob("*"))


def test_a_causal_language_model_is_pooled_by_its_mean(tmp_path: Path, tiny_llama: object, tokenizer: object) -> None:
    tiny_llama().save_pretrained(tmp_path)  # type: ignore[operator]
    tokenizer.save_pretrained(tmp_path)  # type: ignore[attr-defined]
    augmenter = Augmenter.start(AugmenterConfig(name=str(tmp_path), layers=1, lora=2))
    inputs = augmenter.model.preprocess(["The pump leaks."])
    states = augmenter.model[0](dict(inputs))["token_embeddings"][0].mean(0).detach().numpy()
    assert augmenter.embed(["The pump leaks."], "query")[0] == pytest.approx(states / np.linalg.norm(states), abs=1e-5)


def test_layers_below_the_trained_ones_and_word_embeddings_stay_as_they_are(tiny_encoder: Path) -> None:
    augmenter = Augmenter.start(AugmenterConfig(name=str(tiny_encoder), trained_layers=1))
    augmenter.freeze()
    body = augmenter.model[0].model
    assert not body.embeddings.word_embeddings.weight.requires_grad
    trained = [all(one.requires_grad for one in layer.parameters()) for layer in body.encoder.layer]
    frozen = [not any(one.requires_grad for one in layer.parameters()) for layer in body.encoder.layer]
    assert trained == [False, False, False, True]
    assert frozen == [True, True, True, False]


def test_more_layers_than_there_are_cannot_be_trained(tiny_encoder: Path) -> None:
    with pytest.raises(UserError, match="trained_layers: 5 are to be trained, the model has 4"):
        Augmenter.start(AugmenterConfig(name=str(tiny_encoder), trained_layers=5)).freeze()
