"""Cut a dataset down without making it easier than it need be: gold documents stay, distractors are drawn at random."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.corpus.splits import unit_hash
from pipelines.corpus.validation import SPLITS
from pipelines.records import Dataset, Question, Split


def sample(
    dataset: Dataset, documents: int | None = None, questions: Mapping[Split, int] | None = None, seed: int = 0
) -> Dataset:
    """At most so many ``questions`` of a split, and ``documents`` documents; what is not named is kept whole.

    Questions are drawn by track in proportion (largest remainder). Every document that supports a kept question stays,
    even where that makes more than ``documents``; the rest is filled with random others. Draws go by seeded hash of the
    id, so a larger sample contains the smaller one's distractors and both keep the dataset's order.
    """
    kept = dataset.questions
    if questions is not None:
        chosen = {
            question.id
            for split in SPLITS
            for question in spread(dataset.split(split), questions.get(split, len(dataset.questions)), seed)
        }
        kept = tuple(question for question in dataset.questions if question.id in chosen)
    if documents is None:
        return replace(dataset, questions=kept)
    gold = {document_id for question in kept for document_id in _support(question)}
    others = [document.id for document in dataset.documents if document.id not in gold]
    others.sort(key=lambda identifier: (unit_hash(seed, identifier), identifier))
    wanted = gold.union(others[: max(documents - len(gold), 0)])
    return replace(
        dataset,
        documents=tuple(document for document in dataset.documents if document.id in wanted),
        questions=tuple(
            replace(question, relevance={key: grade for key, grade in question.relevance.items() if key in wanted})
            for question in kept
        ),
    )


def _support(question: Question) -> set[str]:
    """Documents a question needs: its gold passages and every one judged relevant."""
    judged = {document_id for document_id, grade in question.relevance.items() if grade > 0}
    return judged | {span.document_id for span in question.gold}


def spread(questions: Sequence[Question], count: int, seed: int) -> list[Question]:
    """At most ``count`` of the questions, drawn by track in proportion (largest remainder) and by seeded hash."""
    tracks: defaultdict[str, list[Question]] = defaultdict(list)
    for question in questions:
        tracks[question.track].append(question)
    if count >= len(questions):
        return list(questions)
    exact = {track: count * len(members) / len(questions) for track, members in tracks.items()}
    quota = {track: int(share) for track, share in exact.items()}
    by_remainder = sorted(tracks, key=lambda track: (quota[track] - exact[track], track))
    for track in by_remainder[: count - sum(quota.values())]:
        quota[track] += 1
    return [
        question
        for track, members in tracks.items()
        for question in sorted(members, key=lambda member: (unit_hash(seed, member.id), member.id))[: quota[track]]
    ]
