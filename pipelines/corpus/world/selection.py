"""Choose the questions of each split and track from the candidates.

The choice hangs on the seed alone, never on changed facts, so ids and wordings stay when facts change.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Literal

from pipelines.corpus.world.questions import Candidate
from pipelines.records import Split

FactTrack = Literal["in_training", "only_in_documents"]

TEST = {"single_hop": 15, "numeric": 9, "table": 8, "multi_hop": 9, "comparison": 7, "unanswerable": 6}
DEV = {"single_hop": 6, "numeric": 3, "table": 3, "multi_hop": 3, "comparison": 3, "unanswerable": 2}
TRAIN_EXTRA = {"multi_hop": 20, "comparison": 14, "unanswerable": 10}
TRAIN_FACTS = 212
"""Training questions about facts; the task track adds its own."""
CLUSTER_SIZES = (2, 3, 4)
"""Most test questions that a chain of shared gold documents may connect; greater ones only where questions run out.
Connected questions are not independent, and statistics resample them together."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A candidate put to use: ``wording`` is its text, ``number`` tells wordings of one candidate apart."""

    candidate: Candidate
    split: Split
    track: str
    wording: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Cluster:
    """How many test questions a chain of shared gold documents connects, and those documents."""

    documents: frozenset[str]
    questions: int


def select(candidates: tuple[Candidate, ...], seed: int, stating: Mapping[str, str]) -> tuple[Selected, ...]:
    """The fact questions of all splits: test, dev, then train. ``stating`` is the document of each fact."""
    chosen: list[Selected] = []
    clusters: list[_Cluster] = []
    tracks: tuple[tuple[FactTrack, bool], ...] = (("in_training", True), ("only_in_documents", False))
    for track, taught in tracks:
        pool = [candidate for candidate in candidates if candidate.taught == taught]
        for kind in TEST:
            queue = _queue([candidate for candidate in pool if candidate.kind == kind], seed)
            test, clusters = _independent(queue, TEST[kind], stating, clusters)
            left = [candidate for candidate in queue if candidate not in test]
            for index, candidate in enumerate([*test, *_first(left, DEV[kind])]):
                split: Split = "test" if index < TEST[kind] else "dev"
                wording = Random(f"{seed}:{candidate.key}").choice(candidate.evaluation)
                chosen.append(Selected(candidate, split, track, wording))
    return (*chosen, *_train(candidates, chosen, seed))


def _independent(
    queue: list[Candidate], count: int, stating: Mapping[str, str], clusters: list[_Cluster]
) -> tuple[list[Candidate], list[_Cluster]]:
    """``count`` candidates, the first that leave every cluster small, and the clusters with them."""
    chosen: list[Candidate] = []
    for most, candidate in product(CLUSTER_SIZES, queue):
        # What no document says has no gold document.
        documents = frozenset(stating[fact] for fact in candidate.facts if fact in stating)
        shared = [cluster for cluster in clusters if cluster.documents & documents]
        size = 1 + sum(cluster.questions for cluster in shared)
        if len(chosen) < count and candidate not in chosen and size <= most:
            chosen.append(candidate)
            joined = _Cluster(documents.union(*(cluster.documents for cluster in shared)), size)
            clusters = [*(cluster for cluster in clusters if cluster not in shared), joined]
    return _first(chosen, count), clusters


def _train(candidates: tuple[Candidate, ...], evaluated: Iterable[Selected], seed: int) -> list[Selected]:
    """Pairs that state the facts of the track ``in_training`` in other words, then others about taught entities."""
    by_fact = {candidate.key: candidate for candidate in candidates if candidate.rule in ("value", "absent")}
    used = {selected.candidate.key for selected in evaluated}
    wanted: dict[str, int] = {}
    for selected in evaluated:
        if selected.track != "in_training":
            continue
        # Two wordings where the fact itself is asked, one where it is a step on the way.
        depth = 2 if len(selected.candidate.facts) == 1 else 1
        for fact in selected.candidate.facts:
            wanted[fact] = max(depth, wanted.get(fact, 0))
    pairs = [pair for fact, depth in wanted.items() for pair in _pairs(by_fact[fact], depth)]
    free = [candidate for candidate in candidates if candidate.taught and candidate.key not in {*used, *wanted}]
    for kind, count in TRAIN_EXTRA.items():
        pairs += [pair for candidate in _varied(free, kind, count, seed) for pair in _pairs(candidate, 1)]
    rest = [c for c in free if c.kind in ("single_hop", "numeric", "table")]
    room = max(TRAIN_FACTS - len(pairs), 0)
    pairs += [pair for candidate in _spread(rest, room, seed) for pair in _pairs(candidate, 1)]
    return pairs


def _pairs(candidate: Candidate, depth: int) -> list[Selected]:
    return [Selected(candidate, "train", "", text, number) for number, text in enumerate(candidate.train[:depth])]


def _varied(pool: Iterable[Candidate], kind: str, count: int, seed: int) -> list[Candidate]:
    return _spread([candidate for candidate in pool if candidate.kind == kind], count, seed)


def _spread(pool: list[Candidate], count: int, seed: int) -> list[Candidate]:
    return _first(_queue(pool, seed), count)


def _first(queue: list[Candidate], count: int) -> list[Candidate]:
    if len(queue) < count:
        raise ValueError(f"only {len(queue)} of {count} questions of kind {queue[0].kind if queue else 'none'}")
    return queue[:count]


def _queue(pool: list[Candidate], seed: int) -> list[Candidate]:
    """The candidates in order of use: one topic after the other, so that no sort of question prevails."""
    topics: Mapping[str, list[Candidate]] = defaultdict(list)
    for candidate in pool:
        topics[candidate.topic].append(candidate)
    order = list(topics)
    Random(f"{seed}:topics").shuffle(order)
    for topic in order:
        Random(f"{seed}:{topic}").shuffle(topics[topic])
    rounds = max((len(topics[topic]) for topic in order), default=0)
    return [topics[topic][turn] for turn in range(rounds) for topic in order if turn < len(topics[topic])]
