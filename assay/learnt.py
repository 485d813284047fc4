"""What the stages of a configuration learnt or chose on train and dev, in numbers."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from assay.experiment import Configuration
from assay.stages import Stages
from assay.store import Entry

PRICES = frozenset(
    {
        *("seconds", "waited", "learning_seconds", "training_seconds", "model_seconds", "reused_seconds"),
        *("generation_seconds", "generation_prompt_tokens", "generation_output_tokens"),
        *("tokens", "training_tokens", "embedding_tokens", "prompt_tokens", "output_tokens", "words"),
    }
)
"""Quantities that are spent and stand in the ledger."""


def learnt(stages: Stages, configuration: Configuration, along: Sequence[Entry] = ()) -> dict[str, float]:
    """By name, such as ``weight`` and ``dev_ndcg_at_10``: of the retriever and its parts, of what ranks anew, and of
    the interventions ``along``, one for each training seed, their means. A name that is there already is numbered."""
    found: dict[str, float] = {}
    entries: list[Mapping[str, float]] = []
    if configuration.retrieved:
        indexes = [entry.quantities for entry in stages.indexing.indexes(configuration)]
        entries += [quantities for quantities in indexes if "learning_seconds" in quantities]
        entries += [entry.quantities for entry in stages.retrieval.learnt(configuration)]
    if along:
        names = set.intersection(*(set(entry.quantities) for entry in along))
        entries.append({name: fmean(entry.quantities[name] for entry in along) for name in sorted(names)})
    for quantities in entries:
        for name, value in quantities.items():
            if name not in PRICES:
                number = next(n for n in range(1, len(entries) + 1) if _numbered(name, n) not in found)
                found[_numbered(name, number)] = value
    return found


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"
