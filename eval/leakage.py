"""Leakage guard (rule 7): questions of train that come back, in the same or other words, in dev or test."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.metrics.normalise import normalise
from pipelines.errors import UserError
from pipelines.records import Dataset, Question

PERMUTATIONS = 128
SHOWN = 10
NEAR = 0.9
"""Cosine from which two questions count as neighbours."""


@dataclass(frozen=True)
class Leak:
    """A held-out question that stands in train too. ``similarity`` is 1, or the Jaccard index of a near-duplicate."""

    kind: Literal["exact", "normalised", "near-duplicate"]
    train_id: str
    held_out_id: str
    train_text: str
    held_out_text: str
    similarity: float


@dataclass(frozen=True)
class Neighbour:
    """A pair of questions whose embeddings are close. It is a leak where the answers match and ``exempt`` is False;
    a shared fact id exempts it, because the dataset declares that both ask for the same fact."""

    train_id: str
    held_out_id: str
    train_text: str
    held_out_text: str
    similarity: float
    answers_match: bool
    exempt: bool

    @property
    def leaks(self) -> bool:
        """Whether this pair fails the run."""
        return self.answers_match and not self.exempt


def find_leaks(train: Sequence[Question], held_out: Sequence[Question], threshold: float = 0.8) -> list[Leak]:
    """Every pair of a training and a held-out question that is equal, equal once normalised, or a near-duplicate.

    Near-duplicates have a Jaccard index of at least ``threshold`` over their sets of word 3-grams (a question of one
    or two words is one shingle). Candidates come from MinHash LSH at a lower threshold, so that few are missed, and
    are then checked exactly, so that none is reported wrongly (Broder 1997). Sorted by held-out id, then train id.
    """
    leaks = [
        leak
        for question, other in _candidates(train, held_out, threshold)
        if (leak := _leak(question, other, threshold))
    ]
    return sorted(leaks, key=lambda leak: (leak.held_out_id, leak.train_id))


def check_leakage(train: Sequence[Question], held_out: Sequence[Question], threshold: float = 0.8) -> None:
    """Raises ``UserError`` with the pairs where ``find_leaks`` finds any."""
    leaks = find_leaks(train, held_out, threshold)
    if leaks:
        pairs = [
            f"{leak.kind}: train {leak.train_id!r} ({leak.train_text!r}) = "
            f"{leak.held_out_id!r} ({leak.held_out_text!r})"
            for leak in leaks
        ]
        raise UserError(_message("questions of train stand in dev or test as well", pairs))


def leaking_texts(texts: Iterable[str], held_out: Sequence[Question], threshold: float = 0.8) -> set[str]:
    """Those of ``texts``, questions to learn from, that ``find_leaks`` finds among the held-out ones."""
    distinct = list(dict.fromkeys(texts))
    asked = [Question(str(number), text, (), "train") for number, text in enumerate(distinct)]
    return {leak.train_text for leak in find_leaks(asked, held_out, threshold)}


def without_leaks(dataset: Dataset, threshold: float = 0.8) -> tuple[Dataset, int]:
    """The dataset without the training questions that stand in dev or test as well, and how many those were. For
    published splits that leak and have to stay as they are: NFCorpus has eight such questions."""
    held_out = dataset.split("dev") + dataset.split("test")
    leaking = {leak.train_id for leak in find_leaks(dataset.split("train"), held_out, threshold)}
    kept = tuple(q for q in dataset.questions if q.split != "train" or q.id not in leaking)
    return replace(dataset, questions=kept), len(leaking)


def find_neighbours(
    train: Sequence[Question],
    held_out: Sequence[Question],
    train_vectors: NDArray[np.floating],
    held_out_vectors: NDArray[np.floating],
    threshold: float = NEAR,
) -> list[Neighbour]:
    """Each held-out question with every training question at cosine ``threshold`` or more, nearest first.

    The vectors have shape ``[len(train), d]`` and ``[len(held_out), d]`` and need not be normalised; answers match
    where the normalised accepted answers have one in common. Raises ``ValueError`` where rows and questions disagree.
    """
    if len(train) != len(train_vectors) or len(held_out) != len(held_out_vectors):
        raise ValueError("there must be one vector for each question")
    if not len(train) or not len(held_out):
        return []
    cosines = _unit(held_out_vectors) @ _unit(train_vectors).T
    found = [
        Neighbour(
            train_id=train[j].id,
            held_out_id=held_out[i].id,
            train_text=train[j].text,
            held_out_text=held_out[i].text,
            similarity=float(cosines[i, j]),
            answers_match=bool(_answers(train[j]) & _answers(held_out[i])),
            exempt=bool(set(train[j].fact_ids) & set(held_out[i].fact_ids)),
        )
        for i, j in np.argwhere(cosines >= threshold)
    ]
    return sorted(found, key=lambda pair: (-pair.similarity, pair.held_out_id, pair.train_id))


def check_neighbours(neighbours: Sequence[Neighbour]) -> None:
    """Raises ``UserError`` with the pairs that leak; the others are only worth listing."""
    pairs = [
        f"train {pair.train_id!r} ({pair.train_text!r}) ~ {pair.held_out_id!r} ({pair.held_out_text!r}), "
        f"cosine {pair.similarity:.3f}, same answer"
        for pair in neighbours
        if pair.leaks
    ]
    if pairs:
        raise UserError(
            _message("questions of train stand in dev or test in other words, and no fact id says so", pairs)
        )


def listed(neighbours: Sequence[Neighbour]) -> str:
    """One line on the pairs that no fact id explains, for a report; empty where there are none."""
    unexplained = [pair for pair in neighbours if not pair.exempt]
    if not unexplained:
        return ""
    pairs = "; ".join(f"{pair.held_out_text!r} ~ {pair.train_text!r}" for pair in unexplained[:3])
    more = f"; and {len(unexplained) - 3} more" if len(unexplained) > 3 else ""
    return (
        f"worded much like a training question, with another answer: {len(unexplained)} of the dev and test questions "
        f"(cosine {NEAR:g} or more): {pairs}{more}"
    )


def in_training_track(
    train: Sequence[Question], test: Sequence[Question]
) -> dict[str, Literal["in_training", "only_in_documents"]]:
    """The track of each test question by id, for datasets that have none.

    ``in_training`` where a gold passage overlaps the gold passage of a training question, otherwise
    ``only_in_documents``. Where either question has judged documents but no passages, a shared relevant document
    counts as overlap. Test questions without any gold are left out: nothing says where their answer stands.
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    for question in train:
        for document, start, end in _gold(question):
            spans.setdefault(document, []).append((start, end))
    tracks: dict[str, Literal["in_training", "only_in_documents"]] = {}
    for question in test:
        gold = list(_gold(question))
        if gold:
            overlaps = any(a < end and start < b for document, start, end in gold for a, b in spans.get(document, ()))
            tracks[question.id] = "in_training" if overlaps else "only_in_documents"
    return tracks


def with_tracks(dataset: Dataset) -> Dataset:
    """The dataset with ``in_training_track`` for its test questions, where none of them names a track."""
    test = dataset.split("test")
    if any(question.track for question in test):
        return dataset
    tracks = in_training_track(dataset.split("train"), test)
    questions = tuple(
        replace(question, track=tracks[question.id]) if question.split == "test" and question.id in tracks else question
        for question in dataset.questions
    )
    return replace(dataset, questions=questions)


def _gold(question: Question) -> Iterator[tuple[str, int, int]]:
    """Gold passages; the whole document where only documents are judged."""
    if question.gold:
        yield from ((span.document_id, span.start, span.end) for span in question.gold)
    else:
        yield from ((document, 0, 2**62) for document, grade in question.relevance.items() if grade > 0)


def _candidates(
    train: Sequence[Question], held_out: Sequence[Question], threshold: float
) -> Iterator[tuple[Question, Question]]:
    """Pairs that MinHash holds to be near ``threshold``; equal shingles always meet."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=max(threshold - 0.25, 0.1), num_perm=PERMUTATIONS)
    sketches = [MinHash(num_perm=PERMUTATIONS, seed=1) for _ in (*train, *held_out)]
    for sketch, question in zip(sketches, (*train, *held_out), strict=True):
        sketch.update_batch([shingle.encode() for shingle in _shingles(question.text)])
    for row, sketch in enumerate(sketches[: len(train)]):
        index.insert(row, sketch)
    for question, sketch in zip(held_out, sketches[len(train) :], strict=True):
        for row in sorted(index.query(sketch)):
            yield train[row], question


def _leak(train: Question, held_out: Question, threshold: float) -> Leak | None:
    first, second = _shingles(train.text), _shingles(held_out.text)
    similarity = len(first & second) / len(first | second)
    kind: Literal["exact", "normalised", "near-duplicate"]
    if train.text.strip() == held_out.text.strip():
        kind = "exact"
    elif normalise(train.text) == normalise(held_out.text):
        kind = "normalised"
    elif similarity >= threshold:
        kind = "near-duplicate"
    else:
        return None
    return Leak(kind, train.id, held_out.id, train.text, held_out.text, similarity)


def _shingles(text: str) -> frozenset[str]:
    """Word 3-grams of the normalised text; the text itself where it is shorter."""
    words = normalise(text).split()
    return frozenset(" ".join(words[i : i + 3]) for i in range(max(len(words) - 2, 1)))


def _answers(question: Question) -> set[str]:
    return {normalised for answer in question.answers if (normalised := normalise(answer))}


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    array = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(array, axis=1, keepdims=True)
    return np.divide(array, norms, out=np.zeros_like(array), where=norms > 0)


def _message(problem: str, pairs: Sequence[str]) -> str:
    more = f"; and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    return f"{problem} ({len(pairs)} pairs): {'; '.join(pairs[:SHOWN])}{more}. Remove one question of each pair."
