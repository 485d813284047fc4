"""Questions with their gold passages among distractors (RAFT, Zhang et al. 2024, arXiv 2403.10131).

The model learns to answer from what retrieval will hand it, noise included. In a share ``without_gold`` of the examples
(the paper's 1 - P) the gold passages are replaced by further distractors and the answer is kept, as in the paper: there
the model has to know it, so facts are learnt by heart too. The paper answers with a chain of thought that quotes its
passage; here the answer is the short one of the train split, because a model of 135M parameters writes no usable chain
of thought and the arms are asked for short answers. The paper takes four distractors; with two and one gold passage an
example looks as a prompt at the default depth of three does.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning.data import Sources, TrainingData, TrainingSet, training_data
from pipelines.generation.prompts import training_pair
from pipelines.pre_retrieval.chunking.spans import made
from pipelines.records import Chunk, Context, Document, Question, Span, TrainingPair
from pipelines.registry import StageConfig
from pipelines.tools import Passages

NO_GOLD = "questions without gold passages"
SEARCHED = 5
"""Hits searched for each distractor wanted: gold passages, indexed pairs and copies among them fall away."""


class RaftConfig(StageConfig):
    """Train questions with gold passages among distractors (RAFT)."""

    kind: Literal["raft"] = "raft"
    distractors: int = Field(default=2, ge=0, le=50, description="passages beside the gold ones")
    without_gold: float = Field(
        default=0.2, ge=0, le=1, description="share of examples whose gold passages are left out (1 - P in the paper)"
    )


@training_data.kind(RaftConfig)
def raft(config: RaftConfig) -> TrainingData:
    """Distractors are the best hits of the configuration's own search that do not touch a gold passage, and random
    passages where it retrieves nothing or too little is found. A gold passage is shown as the index cuts it. Passages
    are shuffled with the seed. Unanswerable questions get distractors alone and the refusal; answerable ones without
    gold passages are left out and counted."""

    def make(sources: Sources) -> TrainingSet:
        questions = [question for question in sources.questions if question.gold or not question.answerable]
        if not any(question.gold for question in questions):
            raise UserError(
                "training_data: raft: no question of the train split has a gold passage; give the questions gold "
                "passages, or take pairs or synthetic"
            )
        random = Random(sources.seed)
        with_gold = [number for number, question in enumerate(questions) if question.gold]
        left_out = set(random.sample(with_gold, round(config.without_gold * len(with_gold))))
        gold = [_gold(question, sources) for question in questions]
        shown = [() if number in left_out else found for number, found in enumerate(gold)]
        counts = [config.distractors + len(found) - len(kept) for found, kept in zip(gold, shown, strict=True)]
        others = list(_distractors(questions, counts, sources, random))
        pairs = [_pair(*one, random) for one in zip(questions, shown, others, strict=True)]
        missing = len(sources.questions) - len(questions)
        return TrainingSet(tuple(pairs), counts={NO_GOLD: missing} if missing else {})

    return make


def _pair(question: Question, gold: Sequence[Chunk], others: Sequence[Chunk], random: Random) -> TrainingPair:
    chunks = [*gold, *others]
    random.shuffle(chunks)
    return training_pair(question, Context(tuple(chunks)))


def _gold(question: Question, sources: Sources) -> tuple[Chunk, ...]:
    """The passages that hold the gold spans, each once."""
    passages = sources.tools.passages
    found = [_holding(span, passages, sources.documents) for span in question.gold]
    return tuple({chunk.span: chunk for chunk in found}.values())


def _holding(span: Span, passages: Passages, documents: Mapping[str, Document]) -> Chunk:
    """The passage that shares most with a span; the span itself where none holds half of it."""
    chunks = passages.by_document.get(span.document_id, ())
    best = max(chunks, key=lambda chunk: _shared(chunk, span), default=None)
    if best is not None and 2 * _shared(best, span) >= span.end - span.start:
        return best
    return made(documents[span.document_id], 0, span.start, span.end)


def _shared(chunk: Chunk, span: Span) -> int:
    return max(0, min(chunk.end, span.end) - max(chunk.start, span.start))


def _distractors(
    questions: Sequence[Question], counts: Sequence[int], sources: Sources, random: Random
) -> Iterator[list[Chunk]]:
    """So many passages for each question as ``counts`` says; fewer where the documents have no more."""
    # Training pairs may be indexed beside the documents: a question's own pair would give its answer away.
    chunks = [chunk for chunk in sources.tools.passages.chunks if chunk.document_id in sources.documents]
    by_id, pool = {chunk.id: chunk for chunk in chunks}, list({chunk.span: chunk for chunk in chunks}.values())
    deep = SEARCHED * max(counts)
    found = sources.search([one.text for one in questions], deep) if sources.search is not None and deep else ()
    for number, (question, count) in enumerate(zip(questions, counts, strict=True)):
        hits = [by_id[name] for name in found[number].chunk_ids if name in by_id] if found else []
        others = {chunk.span: chunk for chunk in hits if not _touches(chunk, question)}
        if len(others) < count:
            drawn = random.sample(pool, len(pool))
            others |= {one.span: one for one in drawn if one.span not in others and not _touches(one, question)}
        yield list(others.values())[:count]


def _touches(chunk: Chunk, question: Question) -> bool:
    return any(chunk.document_id == span.document_id and _shared(chunk, span) for span in question.gold)
