"""What a drafted question has to fulfil before a person sees it or a model learns it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from pipelines.corpus.drafting import Draft, Drafts
from pipelines.corpus.passages import find_answer, locate
from pipelines.pre_retrieval.enrichment.hypothetical_questions import questions
from pipelines.pre_retrieval.query.lists import words
from pipelines.records import Document

LONGEST_QUESTION, LONGEST_ANSWER = 300, 100
"""Characters. Answers here are short facts; what is longer is mostly a sentence copied whole."""

NO_QUESTION = "no question"
NO_ANSWER = "no answer"
ELSEWHERE = "the answer does not stand in the passage"
GIVEN_AWAY = "the question holds the answer"
POINTING = "the question points at its passage"
TOO_LONG = "too long"
ASKED_BEFORE = "asked before"
REPEATED_PASSAGE = "the passage stands elsewhere as well"

_POINTING = re.compile(r"\b(?:(?:this|the) passage|this (?:document|text|table|section)|mentioned above)\b", re.I)


def problem(question: str, answer: str, passage: str) -> str:
    """Why a pair is no usable draft; empty where nothing is wrong with it. A question is one line that ends in a
    question mark, names what it asks about, and does not hold its answer, which stands in the passage as whole words.
    """
    if "\n" in question or questions(question, 2) != [question]:
        return NO_QUESTION
    if not any(map(str.isalnum, answer)):
        return NO_ANSWER
    if len(question) > LONGEST_QUESTION or len(answer) > LONGEST_ANSWER:
        return TOO_LONG
    if find_answer(answer, passage) is None:
        return ELSEWHERE
    if find_answer(answer, question) is not None:
        return GIVEN_AWAY
    return POINTING if _POINTING.search(question) else ""


def checked(drafts: Iterable[Draft], documents: Mapping[str, Document]) -> Drafts:
    """The drafts without a ``problem``, each question once (by its words) and no passage that is not the first of its
    kind in its document: its text would not say which one is meant."""
    kept: dict[str, Draft] = {}
    dropped: Counter[str] = Counter()
    for draft in drafts:
        text, span = documents[draft.passage.document_id].text, draft.passage
        passage = text[span.start : span.end]
        wrong = problem(draft.question, draft.answer, passage)
        if not wrong and locate(passage, text) != (span.start, span.end):
            wrong = REPEATED_PASSAGE
        if not wrong and words(draft.question) in kept:
            wrong = ASKED_BEFORE
        if wrong:
            dropped[wrong] += 1
        else:
            kept[words(draft.question)] = draft
    return Drafts(tuple(kept.values()), dict(dropped))
