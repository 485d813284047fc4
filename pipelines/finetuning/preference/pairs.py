"""From verdicts to pairs: the best answer to a prompt against the worst."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.finetuning.preference import PreferencePair
from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.generation.prompts import training_pair
from pipelines.records import Question


@dataclass(frozen=True)
class Pairs:
    """The pairs, and the questions that gave none because their answers tie."""

    pairs: tuple[PreferencePair, ...]
    tied: int


def make_pairs(feedback: Sequence[Feedback], prompts: Mapping[str, str]) -> Pairs:
    """One pair for each question with scored answers, and one for each pair of answers that was compared.

    An answer scored several times counts by its mean; the best stands against the worst, the first named of equals.
    Where votes on the same two answers differ the majority holds. Answers of equal score and tied votes give no pair.
    ``prompts`` are by question text; a question that is not there gets the plain prompt.
    """
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    votes: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    ids: dict[str, str] = {}
    for row in feedback:
        ids.setdefault(row.question, row.question_id)
        if row.answer is not None and row.score is not None:
            scores[row.question][_plain(row.answer)].append(row.score)
        elif row.preferred is not None and row.rejected is not None:
            one, other = _plain(row.preferred), _plain(row.rejected)
            votes[row.question][min(one, other), max(one, other)] += (one < other) - (one > other)
    pairs: list[PreferencePair] = []
    tied = 0
    for question, question_id in ids.items():
        prompt = prompts.get(question) or training_pair(Question(question_id, question, (), "train")).prompt
        before = len(pairs)
        for better, worse in [*_best_and_worst(scores[question]), *_majorities(votes[question])]:
            pairs.append(PreferencePair(prompt, _completion(better), _completion(worse), question_id, question))
        tied += len(pairs) == before
    return Pairs(tuple(dict.fromkeys(pairs)), tied)


def _best_and_worst(scores: Mapping[str, Sequence[float]]) -> list[tuple[str, str]]:
    means = {answer: sum(given) / len(given) for answer, given in scores.items() if answer}
    if not means or max(means.values()) == min(means.values()):
        return []
    return [(max(means, key=means.__getitem__), min(means, key=means.__getitem__))]


def _majorities(votes: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    return [(a, b) if net > 0 else (b, a) for (a, b), net in votes.items() if net and a and b]


def _plain(answer: str) -> str:
    """An answer as a model could give it: on one line, which ends it."""
    return " ".join(answer.split())


def _completion(answer: str) -> str:
    return f" {answer}\n"
