"""Where each wrong answer was lost: one label for every question and training seed that is judged.

A wrong answer is lost at the first stage that loses any of its gold passages, and at reading where none is lost. The
stages in order are those of ``LABELS``; docs/diagnosis.md says what each rule looks at. All from records: nothing is
asked again.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from eval.evidence import Evidence, evidence
from eval.measured import Measured
from eval.metrics import abstained
from eval.results import Arm
from eval.scores import Scores
from pipelines.records import Answer, Chunk, Context, Question

Label = Literal[
    "no_gold_passage",
    "not_in_corpus",
    "cut_by_chunking",
    "not_retrieved",
    "dropped_after_retrieval",
    "in_context_but_not_read",
    "wrongly_abstained",
    "answered_nothing",
    "from_memory",
    "answered_though_unanswerable",
    "failed",
    "right",
]
LABELS: Final[tuple[Label, ...]] = get_args(Label)
"""In the order in which a question meets the stages."""
MEMORY_ARMS: Final[tuple[Arm, ...]] = ("closed_book", "lora")
GOLD_ARMS: Final[tuple[Arm, ...]] = ("gold_context", "lora_gold_context")
UNKNOWN_GOLD = "no test question has a gold passage, so what was lost on the way cannot be told"
UNJUDGED = "no test question can be judged right or wrong"


@dataclass(frozen=True)
class Diagnosis:
    """``labels[seed][question]``, ``None`` for a question that is not judged; ``absent`` says why there are none."""

    labels: tuple[tuple[Label | None, ...], ...] = ()
    absent: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Questions by label, summed over seeds, in stage order; a label that never occurs is left out."""
        counted = Counter(label for labels in self.labels for label in labels)
        return {label: counted[label] for label in LABELS if counted[label]}

    def at(self, seed: int, question: int) -> Label | None:
        """The label of one answer; ``None`` where there is none."""
        return self.labels[seed][question] if self.labels else None


@dataclass(frozen=True)
class Searched:
    """What the search found for one question, best first, and the chunks of the index in its gold documents, which it
    could have found. Both are empty where nothing is retrieved."""

    found: Sequence[Chunk] = ()
    indexed: Sequence[Chunk] = ()


def diagnose(
    questions: Sequence[Question],
    one: Measured,
    scores: Scores,
    *,
    documents: Container[str] | None = None,
    language: str = "en",
) -> Diagnosis:
    """The labels of one configuration. ``documents`` are the ids of the corpus; without them every gold document counts
    as there."""
    if "correct" not in scores.values:
        return Diagnosis(absent=UNJUDGED)
    if one.arm not in MEMORY_ARMS and not any(question.gold for question in questions):
        return Diagnosis(absent=UNKNOWN_GOLD)
    right, applies = scores.values["correct"] == 1.0, scores.applies["correct"]
    searches = _searches(questions, one)
    labels: list[tuple[Label | None, ...]] = []
    for seed, outcome in enumerate(one.outcomes):
        rows = zip(questions, outcome.answers, outcome.contexts, searches, strict=True)
        labels.append(
            tuple(
                label(one.arm, *row, right=bool(right[seed, place]), documents=documents, language=language)
                if applies[place]
                else None
                for place, row in enumerate(rows)
            )
        )
    return Diagnosis(tuple(labels))


def label(
    arm: Arm,
    question: Question,
    answer: Answer,
    context: Context,
    searched: Searched,
    *,
    right: bool,
    documents: Container[str] | None = None,
    language: str = "en",
) -> Label:
    """The one label of an answer."""
    if right:
        return "right"
    if answer.error:
        return "failed"
    if not question.answerable:
        return "answered_though_unanswerable"
    if arm not in MEMORY_ARMS:
        if not question.gold:
            return "no_gold_passage"
        if documents is not None and any(span.document_id not in documents for span in question.gold):
            return "not_in_corpus"
        if arm not in GOLD_ARMS and (lost := _first_loss(question, context, searched)):
            return lost
    if not answer.text.strip():
        return "answered_nothing"
    if abstained(answer.text, question.answers, True, language=language):
        return "wrongly_abstained"
    return "from_memory" if arm in MEMORY_ARMS else "in_context_but_not_read"


def _first_loss(question: Question, context: Context, searched: Searched) -> Label | None:
    losses = [_loss(one, context, searched) for one in evidence(question, searched.indexed)]
    return min((loss for loss in losses if loss), key=LABELS.index, default=None)


def _loss(passage: Evidence, context: Context, searched: Searched) -> Label | None:
    """Where one gold passage was lost, from the end: what is read in the end was not lost on the way."""
    if passage.held_by(context.chunks):
        return None
    if passage.held_by(searched.found):
        return "dropped_after_retrieval"
    return "not_retrieved" if any(map(passage.held_by, _units(searched.indexed))) else "cut_by_chunking"


def _units(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    """Each chunk alone; small chunks of one larger passage together, as that can be read in their place."""
    units: dict[tuple[str, int, int], list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        units[chunk.document_id, *(chunk.parent or (chunk.start, chunk.end))].append(chunk)
    return list(units.values())


def _searches(questions: Sequence[Question], one: Measured) -> list[Searched]:
    if one.hits is None:
        return [Searched()] * len(questions)
    by_document: Mapping[str, list[Chunk]] = defaultdict(list)
    for chunk in one.chunks.values():
        by_document[chunk.document_id].append(chunk)
    return [
        Searched(
            [one.chunks[name] for name in hits.chunk_ids],
            [chunk for name in {span.document_id: None for span in question.gold} for chunk in by_document[name]],
        )
        for question, hits in zip(questions, one.hits, strict=True)
    ]
