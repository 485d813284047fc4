"""Token scores, against a plain forward pass of ``transformers`` over the whole text."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.generation import ScoringModel, TokenScore
from pipelines.generation.shapes import Shapes

SMALL = Shapes(pack=64, slots=4)
PAIRS = [
    ("The kestrel pump weighs", " nine kilograms."),
    ("", "It was painted deep blue by Ines Orr in the spring of 1904, as the naïve café owner ⚙ recalls."),
    ("Question: how high is the tower?\nAnswer:", " 96 m"),
    ("The kestrel pump " * 30, "weighs nine kilograms. " * 5),
    ("nothing to score", ""),
    ("half a wo", "rd and more"),
]
Score = Callable[..., list[list[TokenScore]]]


@pytest.fixture(scope="module")
def score(tiny_llama: Any, tokenizer: Any) -> Score:
    from pipelines.generation.decoding import Decoder
    from pipelines.generation.scoring import log_probabilities

    decoders: dict[Any, Decoder] = {}

    def run(pairs: Any, dtype: str = "float32", **options: Any) -> list[list[TokenScore]]:
        key = (dtype, *options.items())
        if key not in decoders:
            decoders[key] = Decoder(tiny_llama(dtype, **options), tokenizer, SMALL)
        return log_probabilities(decoders[key], pairs)

    return run


def literal(model: Any, tokenizer: Any, given: str, text: str) -> list[float]:
    """By definition: the whole text read at once by the library's own forward and attention."""
    import torch

    encoded = tokenizer(given + text, add_special_tokens=False, return_offsets_mapping=True)
    ids = [tokenizer.bos_token_id, *encoded["input_ids"]]
    if given:  # only a text that nothing stands before follows the start token
        ids = ids[1:]
    places = [place for place, (_, end) in enumerate(encoded["offset_mapping"]) if end > len(given)]
    with torch.no_grad():
        found = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    shift = 0 if given else 1
    return [float(found[place + shift - 1, ids[place + shift]]) for place in places]


def test_scores_equal_a_plain_forward(score: Score, tiny_llama: Any, tokenizer: Any) -> None:
    plain = tiny_llama()
    for (given, text), scores in zip(PAIRS, score(PAIRS), strict=True):
        expected = literal(plain, tokenizer, given, text) if text else []
        assert [one.log_probability for one in scores] == pytest.approx(expected, abs=1e-5)
    assert len({round(one.log_probability, 3) for scores in score(PAIRS) for one in scores}) > 20


def test_a_capped_head_is_capped_here_too(score: Score, tiny_llama: Any, tokenizer: Any) -> None:
    import torch

    from pipelines.generation.decoding import Decoder
    from pipelines.generation.scoring import log_probabilities

    model = tiny_llama()
    model.config.final_logit_softcapping = 2.0
    ((first, *_),) = log_probabilities(Decoder(model, tokenizer, SMALL), [("one", " two")])
    ids = tokenizer("one two", add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        logits = tiny_llama()(input_ids=ids).logits[0, 0]
    expected = (2 * torch.tanh(logits / 2)).log_softmax(-1)[ids[0, 1]]
    assert first.log_probability == pytest.approx(float(expected), abs=1e-5)


def test_tokens_cover_the_text(score: Score) -> None:
    for (_, text), scores in zip(PAIRS, score(PAIRS), strict=True):
        covered = {place for one in scores for place in range(one.start, one.end)}
        assert {place for place, letter in enumerate(text) if not letter.isspace()} <= covered
        assert all(0 <= one.start <= one.end <= len(text) for one in scores)
        assert [one.start for one in scores] == sorted(one.start for one in scores)


def test_a_token_across_the_border_belongs_to_the_text(score: Score) -> None:
    ((first, *_),) = score([("half a wo", "rd")])
    assert (first.start, first.end) == (0, 2)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_scores_do_not_depend_on_batch_mates(score: Score, dtype: str) -> None:
    together = score(PAIRS, dtype, hidden=64)
    assert together == [score([pair], dtype, hidden=64)[0] for pair in PAIRS]
    more = [(f"Passage {number}:", " more words" * number) for number in range(1, 40)]
    assert score([*more, *PAIRS], dtype, hidden=64)[len(more) :] == together


def test_no_pairs_give_no_scores(score: Score) -> None:
    assert score([]) == []


def test_a_pair_longer_than_the_context_is_refused(score: Score) -> None:
    with pytest.raises(UserError, match="the model takes 64; make the chunks smaller"):
        score([("", "word " * 100)], context=64)


@pytest.mark.slow
def test_the_embedded_model_finds_what_is_likely(tmp_path: Any) -> None:
    from pipelines.generation import language_models

    model = language_models.build(language_models.parse("embedded"))
    assert isinstance(model, ScoringModel)
    likely, unlikely = model.log_probabilities([("The capital of France is", f" {word}") for word in ("Paris", "blue")])
    assert likely[0].log_probability > -1.5
    assert unlikely[0].log_probability < -6
