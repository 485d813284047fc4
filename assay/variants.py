"""The variants of a configuration: each of its stages turned off, or in its plainest form, one at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

from assay.experiment import RETRIEVAL_FIELDS, Configuration
from eval.results import Arm
from pipelines.errors import UserError
from pipelines.flows.linear import LinearFlow
from pipelines.generation.answering.stuff import StuffConfig
from pipelines.pre_retrieval.chunking.recursive import RecursiveConfig
from pipelines.registry import StageConfig
from pipelines.retrieval.hybrid import HybridConfig

UNTUNED: dict[Arm, Arm] = {"lora": "closed_book", "lora_rag": "rag", "lora_gold_context": "gold_context"}
UNRETRIEVED: dict[Arm, Arm] = {"rag": "closed_book", "lora_rag": "lora"}


def variants(full: Configuration) -> list[Configuration]:
    """``full`` with one stage turned off, or in its plainest form, at a time. A filter stays: it says what may be read.
    Raises ``UserError`` where nothing can be turned off."""
    taken: set[str] = set()
    made = []
    for wanted, changes in _changes(full):
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        taken.add(name)
        made.append(changed(full, id=name, **changes))
    if not made:
        raise UserError(f"{full.id}: every stage is off or in its plainest form already; there is nothing to turn off")
    return made


def _changes(full: Configuration) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of the variants and the fields that they change, in the order of the stages."""
    # Another arm chooses its prompt on dev, unless an intervention learns from answers to this one.
    prompt = {"prompt": full.prompt if full.intervention is not None else None}
    if full.retrieved:
        yield from _retrieval_changes(full)
    if full.flow.kind != LinearFlow().kind:
        yield "linear-flow", {"flow": LinearFlow()}
    if full.answer.kind != StuffConfig().kind:
        yield "plain-answer", {"answer": StuffConfig()}
    if full.preference is not None:
        yield "without-preference", {"preference": None}
    if full.intervention is not None:
        flow = LinearFlow() if full.flow.kind == "adaptive" else full.flow
        yield "without-intervention", {"intervention": None, "flow": flow}
    if full.tuned:
        untuned = {"finetuning": None, "training_data": (), "preference": None, **prompt}
        yield "without-tuning", {"arm": UNTUNED[full.arm], **untuned}
    if full.retrieved:
        unset = {field: Configuration.model_fields[field].default for field in (*RETRIEVAL_FIELDS, "enrichment")}
        plain = {"training_pairs_indexed": False, "flow": LinearFlow(), "answer": StuffConfig(), **prompt}
        yield "without-retrieval", {"arm": UNRETRIEVED[full.arm], **unset, **plain}


def _retrieval_changes(full: Configuration) -> Iterator[tuple[str, dict[str, Any]]]:
    if full.chunker is not None and full.chunker.kind != RecursiveConfig().kind:
        yield "recursive-chunks", {"chunker": RecursiveConfig()}
    if full.enrichment:
        yield "without-enrichment", {"enrichment": ()}
    if full.training_pairs_indexed:
        yield "without-training-pairs", {"training_pairs_indexed": False}
    if full.query is not None:
        yield "without-query", {"query": None}
    if isinstance(full.retriever, HybridConfig):
        for part in full.retriever.parts:
            yield f"only-{part.kind}", {"retriever": part}
    yield from _list_changes("rerank", full.rerank)
    yield from _list_changes("post", full.post)


def _list_changes(field: str, items: Sequence[StageConfig]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All items off and, of several, each on its own."""
    if items:
        yield f"without-{field}", {field: ()}
    if len(items) > 1:
        for place, item in enumerate(items):
            yield f"without-{field}-{item.kind}", {field: (*items[:place], *items[place + 1 :])}


def changed(one: Configuration, **changes: Any) -> Configuration:
    """A copy with other fields, validated."""
    return Configuration(**{**{field: getattr(one, field) for field in Configuration.model_fields}, **changes})
