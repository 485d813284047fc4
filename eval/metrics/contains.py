"""Whether an accepted answer stands inside the prediction."""

from collections.abc import Sequence

from eval.metrics.normalise import tokens


def contains(prediction: str, answers: Sequence[str], answerable: bool) -> float | None:
    """1 where the tokens of an accepted answer follow each other in the tokens of the prediction, otherwise 0.

    Whole tokens after SQuAD normalisation, so "art" is not contained in "party". None on unanswerable questions and
    where no accepted answer has a token.
    """
    golds = [gold for gold in (tokens(answer) for answer in answers) if gold]
    if not answerable or not golds:
        return None
    words = tokens(prediction)
    return float(any(words[i : i + len(gold)] == gold for gold in golds for i in range(len(words) - len(gold) + 1)))
