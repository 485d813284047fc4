"""Put a company together: world, documents, chosen questions, and the facts that change."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest

from pipelines.corpus.world.build import World, build, change
from pipelines.corpus.world.documents import Source, documents
from pipelines.corpus.world.locate import locate, spans
from pipelines.corpus.world.questions import answers, candidates, hop_facts
from pipelines.corpus.world.selection import Selected, select
from pipelines.corpus.world.tasks import Task, tasks
from pipelines.errors import UserError
from pipelines.records import Question, Span


@dataclass(frozen=True, slots=True)
class Company:
    """A world with its documents and questions; ``changed`` are the ids of the facts that have changed."""

    world: World
    documents: tuple[Source, ...]
    selected: tuple[Selected, ...]
    tasks: tuple[Task, ...]
    changed: tuple[str, ...]


@lru_cache(maxsize=4)
def company(seed: int, changed_facts: int = 0) -> Company:
    """The company of a seed after ``changed_facts`` facts have changed. Raises ``UserError`` where a world has fewer
    facts that can change."""
    world = build(seed)
    sources = documents(world)
    stating = {statement.fact: source.path for source in sources for statement in source.statements}
    selected = select(candidates(world, sources), seed, stating)
    order = changeable(selected)
    if changed_facts > len(order):
        raise UserError(
            f"dataset builtin, changed_facts: {changed_facts} asked, seed {seed} has {len(order)}; use fewer"
        )
    facts = order[:changed_facts]
    if facts:
        world = change(world, facts)
        sources = documents(world)
    return Company(world, sources, selected, tasks(seed), facts)


def changeable(selected: tuple[Selected, ...]) -> tuple[str, ...]:
    """The facts that can change, first those that change first: what a test question of the track ``in_training``
    asks directly, kinds taking turns. A fact that another question takes as its first hop stays, for its second hop
    would then lead to facts that were never taught; so does a fact that is compared, for the new value might tie."""
    fixed = {item.candidate.facts[0] for item in selected if item.candidate.rule == "hop"}
    fixed |= {fact for item in selected if item.candidate.rule in ("max", "min") for fact in item.candidate.facts}
    by_kind: dict[str, list[str]] = {"single_hop": [], "numeric": [], "table": []}
    for item in selected:
        candidate = item.candidate
        direct = item.split == "test" and item.track == "in_training" and candidate.rule == "value"
        if direct and candidate.facts[0] not in fixed:
            by_kind[candidate.kind].append(candidate.facts[0])
    turns = chain.from_iterable(zip_longest(*by_kind.values()))
    return tuple(fact for fact in turns if fact is not None)


def questions(company: Company, texts: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions with their gold passages in the parsed ``texts`` (by document id)."""
    gold = spans(company.documents, texts)
    asked = [_question(company.world, item, gold) for item in company.selected]
    asked += [_task_question(task, texts) for task in company.tasks]
    order = {"train": 0, "dev": 1, "test": 2}
    return tuple(sorted(asked, key=lambda question: (order[question.split], question.id)))


def _question(world: World, item: Selected, gold: Mapping[str, tuple[Span, ...]]) -> Question:
    candidate = item.candidate
    answerable = candidate.rule != "absent"
    facts = hop_facts(world, candidate)
    passages = dict.fromkeys(span for fact in facts for span in gold[fact]) if answerable else {}
    number = f".{item.number + 1}" if item.split == "train" else ""
    return Question(
        id=f"{item.split}.{candidate.key}{number}",
        text=item.wording,
        answers=answers(world, candidate),
        split=item.split,
        gold=tuple(passages),
        track=item.track,
        kind=candidate.kind,
        fact_ids=facts,
        answerable=answerable,
    )


def _task_question(task: Task, texts: Mapping[str, str]) -> Question:
    places = [locate(rule, texts[task.document]) for rule in task.rules]
    gold = tuple(Span(task.document, start, end) for start, end in places)
    track = "" if task.split == "train" else "task"
    return Question(task.id, task.text, task.answers, task.split, gold, track=track, kind=task.kind)
