"""The cross-encoder, named and trained here. The named one is a tiny random model: its scores are checked, not its
taste."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.learning import Labelled, Learner, Material
from pipelines.post_retrieval import Found, post_processors
from pipelines.post_retrieval.cross_encoder_training import examples
from pipelines.records import Chunk, Hits

COLOURS = ("green", "blue", "red", "grey", "amber", "white", "black", "violet")


def chunk(name: str, text: str) -> Chunk:
    return Chunk(name, name, 0, len(text), text, text)


def built(**settings: Any) -> Any:
    return post_processors.build(post_processors.parse({"kind": "cross_encoder", **settings}))


def material(seed: int = 0) -> Material:
    """The chunk that supports a question is the one that is approved; the draft is worded more like it."""
    chunks, train = [], []
    for colour in COLOURS:
        chunks.append(chunk(f"{colour}-draft", f"Which pump is painted {colour}? Draft: the {colour} pump is Orison."))
        chunks.append(chunk(f"{colour}-approved", f"Approved: Kestrel has {colour} paint."))
        ids = (f"{colour}-draft", f"{colour}-approved")
        train.append(Labelled(f"Which pump is painted {colour}?", {ids[1]: 1}, Hits(ids, (2.0, 1.0))))
    return Material(chunks, tuple(train[:6]), tuple(train[6:]), seed)


def unseen(made: Material) -> list[Found]:
    texts = {one.id: one for one in made.chunks}
    return [Found(one.query, tuple(texts[name] for name in one.hits.chunk_ids)) for one in made.dev]


def leading(found: Sequence[Found]) -> list[str]:
    return [one.chunks[0].id for one in found]


def test_hard_negatives_come_from_the_hits() -> None:
    for pairs in islice(examples(material(), 1), 12):
        (query, supporting), (other_query, other) = pairs
        assert query == other_query
        assert supporting.startswith("Approved")
        assert other.startswith(query), "the draft of the same colour, which the search found"


def test_too_few_hits_are_filled_up_with_other_chunks() -> None:
    for pairs in islice(examples(material(), 4), 12):
        texts = [text for _, text in pairs]
        assert len(set(texts)) == 5
        assert sum(text.startswith(pairs[0][0]) for text in texts) == 1


def test_every_question_is_seen_before_one_is_seen_again() -> None:
    seen = [pairs[0][0] for pairs in islice(examples(material(), 1), 12)]
    assert len(set(seen[:6])) == len(set(seen[6:])) == 6
    assert seen == [pairs[0][0] for pairs in islice(examples(material(), 1), 12)]
    assert seen != [pairs[0][0] for pairs in islice(examples(material(1), 1), 12)]


def test_without_gold_passages_there_is_nothing_to_learn(tmp_path: Path) -> None:
    empty = Material(material().chunks, (Labelled("question", {"absent": 1}),), (), 0)
    with pytest.raises(UserError, match="no train question has a gold passage to learn from; name a ready"):
        examples(empty, 2)


@pytest.mark.slow
def test_training_learns_what_supports_a_question(tmp_path: Path) -> None:
    learner = built(steps=12, questions_per_step=2, negatives=1, learning_rate=2e-4)
    assert isinstance(learner, Learner)
    made, steps = material(), list[tuple[int, int]]()
    measured = learner.fit(made, tmp_path, lambda step, of, loss: steps.append((step, of)))
    assert steps == [(step, 12) for step in range(1, 13)]
    assert (measured["steps"], measured["pairs"]) == (12, 48)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".safetensors", ".json", ".txt"}
    from pipelines.generation.weights import locate_embedded_embedder

    before = learner.open(locate_embedded_embedder())
    after = learner.open(tmp_path)
    assert leading(before(unseen(made), None)) == ["black-draft", "violet-draft"], "it starts as an embedder"
    assert leading(after(unseen(made), None)) == ["black-approved", "violet-approved"]
    assert before.identity == learner.identity != after.identity


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: Any) -> Any:
    """Writes a random cross-encoder with so many labels; returns its folder."""

    def make(labels: int) -> Path:
        import torch
        from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

        from pipelines.generation.weights import locate_embedded_embedder

        folder: Path = tmp_path_factory.mktemp("cross_encoder")
        torch.manual_seed(1)
        size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        config = BertConfig(**size, num_labels=labels, initializer_range=0.5)
        BertForSequenceClassification(config).save_pretrained(folder)
        AutoTokenizer.from_pretrained(locate_embedded_embedder()).save_pretrained(folder)
        return folder

    return make


@pytest.mark.slow
def test_a_named_model_ranks_by_its_logits(tiny: Any) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny(1)
    chunks = [chunk(f"c{n}", text) for n, text in enumerate(("a pump", "one valve", "a pump", "many green seals"))]
    reranker = built(name=str(folder))
    assert not isinstance(reranker, Learner)
    (found,) = reranker([Found("which pump?", tuple(chunks))], None)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        scores = [float(model(**tokenizer("which pump?", one.text, return_tensors="pt")).logits) for one in chunks]
    assert [one.id for one in found.chunks] == [f"c{n}" for n in sorted(range(4), key=lambda n: -round(scores[n], 5))]
    assert len(set(scores)) == 3
    assert len(reranker.identity.split(":")[0]) == 16


@pytest.mark.slow
def test_a_model_with_several_scores_is_refused(tiny: Any) -> None:
    with pytest.raises(UserError, match="gives 3 scores for a pair; choose a model with one"):
        built(name=str(tiny(3)))([Found("q", (chunk("c", "text"),))], None)


def test_a_model_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(UserError, match="safetensors"):
        built(name=str(tmp_path))
