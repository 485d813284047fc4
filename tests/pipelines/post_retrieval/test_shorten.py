"""Sentences and compress: chunks that keep their span and lose text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.generation import TokenScore
from pipelines.post_retrieval.sentence_spans import joined, sentence_spans
from pipelines.records import Chunk


def chunk(text: str, name: str = "d") -> Chunk:
    return Chunk(f"{name}#0", name, 5, 5 + len(text), text, text)


def test_sentences_end_at_marks_and_lines() -> None:
    text = " It costs 2.50 EUR. Really?\n| a | b |\n\nno end "
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        "It costs 2.50 EUR.", "Really?", "| a | b |", "no end",
    ]  # fmt: skip
    assert sentence_spans(" \n ") == []


def test_kept_pieces_are_joined_as_they_stood() -> None:
    text = "One.  Two. Three.\nFour."
    one, two, three, four = sentence_spans(text)
    assert joined(text, [one, two]) == "One.  Two."
    assert joined(text, [one, three]) == "One. Three."
    assert joined(text, [two, four]) == "Two.\nFour."


PUMP = "The kestrel pump is old. It is painted green. Lunch is at noon."
CANTEEN = "The canteen is closed on Friday. Green paint for pumps is in store."


@pytest.mark.slow
def test_the_nearest_sentences_stay_in_reading_order(process: Any) -> None:
    query = "Is the pump painted green?"
    found = process({"kind": "sentences", "number": 2}, [chunk(CANTEEN), chunk(PUMP, "e")], query=query)
    assert [one.text for one in found] == ["Green paint for pumps is in store.", "It is painted green."]
    assert [(one.start, one.end) for one in found] == [(5, 5 + len(CANTEEN)), (5, 5 + len(PUMP))]
    (alone,) = process({"kind": "sentences", "number": 1}, [chunk(CANTEEN), chunk(PUMP, "e")], query="When is lunch?")
    assert (alone.id, alone.text) == ("e#0", "Lunch is at noon.")


@pytest.mark.slow
def test_a_share_of_the_sentences_is_rounded_up(process: Any) -> None:
    found = process({"kind": "sentences", "share": 0.41}, [chunk(CANTEEN), chunk(PUMP, "e")], query="green pump")
    assert sum(len(sentence_spans(one.text)) for one in found) == 3  # of 5, 2.05 rounded up


@dataclass
class Surprise:
    """A word's log-probability is minus the number it names, doubled where the given text does not name it."""

    batches: list[int] = field(default_factory=list)
    name: str = "surprise"

    def log_probabilities(self, texts: Sequence[tuple[str, str]]) -> list[list[TokenScore]]:
        self.batches.append(len(texts))
        return [self._scores(given, text) for given, text in texts]

    def _scores(self, given: str, text: str) -> list[TokenScore]:
        found, start = [], 0
        for word in text.split():
            start = text.index(word, start)
            asked = given.startswith("Question") and word in given.split()
            found.append(TokenScore(start, start + len(word), -float(word) * (0.5 if asked else 1.0)))
            start += len(word)
        return found


def test_the_least_surprising_words_leave(process: Any) -> None:
    made = [chunk("5 1 4\n2 9"), chunk("1 1 1", "e"), chunk("7 3", "f")]
    found = process({"kind": "compress", "ratio": 0.5}, made, model=Surprise())
    assert [(one.id, one.text) for one in found] == [("d#0", "5 4\n9"), ("f#0", "7 3")], "5 of 10 words"
    assert [(one.start, one.end) for one in found] == [(one.start, one.end) for one in (made[0], made[2])]


def test_of_equal_words_the_later_leave(process: Any) -> None:
    (found,) = process({"kind": "compress", "ratio": 0.5}, [chunk("1 1 1 1")], model=Surprise())
    assert found.text == "1 1"


def test_no_more_than_the_ratio_is_kept(process: Any) -> None:
    assert process({"kind": "compress", "ratio": 1.0}, [chunk("1 2")], model=Surprise())[0].text == "1 2"
    assert process({"kind": "compress", "ratio": 0.3}, [chunk("1 2 3")], model=Surprise()) == ()


def test_the_question_decides_which_words_stay(process: Any) -> None:
    """Scores are 0 for words the question leaves alone, and half the number for those it makes likelier."""
    settings = {"kind": "compress", "ratio": 0.4, "question_aware": True}
    (found,) = process(settings, [chunk("9 1 8 2 7")], query="where are 1 and 2", model=Surprise())
    assert found.text == "1 2"


def test_a_word_takes_the_sum_of_its_tokens(process: Any) -> None:
    class Halves(Surprise):
        def _scores(self, given: str, text: str) -> list[TokenScore]:
            # "aabb" is two tokens of 2 each, " cc" one of 3; the space belongs to the token.
            return [TokenScore(0, 2, -2.0), TokenScore(2, 4, -2.0), TokenScore(4, 7, -3.0)]

    (found,) = process({"kind": "compress", "ratio": 0.7}, [chunk("aabb cc")], model=Halves())
    assert found.text == "aabb", "4 against 3; two of three tokens are left"


def test_a_batch_is_scored_in_one_call_and_equal_passages_once(tools: Any) -> None:
    from pipelines.post_retrieval import Found, post_processors

    model = Surprise()
    compress = post_processors.build(post_processors.parse("compress"))
    compress([Found("a", (chunk("1 2"), chunk("3 4", "e"))), Found("b", (chunk("1 2"),))], tools(model=model))
    assert model.batches == [2]


def test_a_model_without_probabilities_is_refused(process: Any) -> None:
    with pytest.raises(UserError, match="compress: fake gives no token probabilities"):
        process("compress", [chunk("1 2")])
