"""Where answers were lost: each configuration's waterfall from all its answers down to the right ones."""

from dataclasses import dataclass
from typing import Final

from eval.diagnosis import LABELS, Label
from eval.numbers import count
from eval.results import ConfigurationResult, Results

LOSSES: Final[dict[Label, tuple[str, str]]] = {
    "no_gold_passage": (
        "Wrong without a passage to find",
        "No passage is marked as holding the answer. Where form is asked for rather than facts, tune or show examples.",
    ),
    "not_in_corpus": ("Not in the documents", "Add the documents that hold the answer."),
    "cut_by_chunking": (
        "Cut apart by the chunker",
        "Try larger chunks, an overlap, or a chunker that follows headings and paragraphs.",
    ),
    "not_retrieved": (
        "Not found by the search",
        "Try hybrid search, a deeper search, or rewriting the question.",
    ),
    "dropped_after_retrieval": (
        "Found, then dropped",
        "Try a reranker, a larger depth, or a looser compression or budget.",
    ),
    "in_context_but_not_read": (
        "Read, answered wrong",
        "Try another prompt or answer strategy, a stronger model, or tuning.",
    ),
    "wrongly_abstained": (
        "Refused without need",
        "Try worked examples in the prompt, or an instruction that refuses less readily.",
    ),
    "answered_nothing": (
        "Empty answer",
        "Try another prompt: a completion model often stops at once after an instruction it was not trained on.",
    ),
    "from_memory": (
        "Wrong from memory",
        "Give it passages to read, or tune it on pairs that state these facts.",
    ),
    "answered_though_unanswerable": (
        "Should have refused",
        "Try an answer strategy that abstains, or worked examples that refuse.",
    ),
    "failed": ("Request failed", "See the errors in the table of all answers, and run again."),
    "right": ("Right", ""),
}
"""For each label its name on the page, and what to try where most answers are lost there."""


PLAIN: Final = "stuff"
"""The answer strategy that is used where none is named."""
UNFOLDED: Final = 6
"""Waterfalls of other strategies that are shown without being asked for."""


@dataclass(frozen=True)
class Stage:
    """One step of a waterfall: ``number`` answers, a ``share`` of all, drawn from ``start`` on (0 to 1)."""

    label: Label
    name: str
    number: int
    share: float
    start: float


@dataclass(frozen=True)
class Waterfall:
    """One configuration: its answers by stage, the losses in the order they are met, what is right last."""

    configuration: ConfigurationResult
    answers: int
    stages: tuple[Stage, ...]
    advice: str


def waterfalls(results: Results) -> list[Waterfall]:
    """One for each configuration that was diagnosed, in the results' order."""
    return [_waterfall(one) for one in results.configurations if one.diagnosis]


def unfolded(results: Results) -> set[str]:
    """Ids of the configurations whose waterfall is shown at once: the representatives, and the first few others that
    answer by a strategy of their own, for where they lose answers is what one tries them for."""
    others = [one.id for one in results.configurations if not one.selected_on_dev and one.diagnosis and _special(one)]
    return {one.id for one in results.configurations if one.selected_on_dev} | set(others[:UNFOLDED])


def _special(one: ConfigurationResult) -> bool:
    return one.params.get("answer.kind", PLAIN) != PLAIN


def undiagnosed(results: Results) -> list[tuple[str, str]]:
    """Configurations without a diagnosis that say why."""
    reasons = [(one.id, results.absent.get(f"configurations.{one.id}.diagnosis")) for one in results.configurations]
    return [(name, reason) for name, reason in reasons if reason]


def _waterfall(one: ConfigurationResult) -> Waterfall:
    counts: dict[Label, int] = {label: one.diagnosis.get(label, 0) for label in LABELS}
    total = sum(counts.values())
    left, stages = total, []
    for label, number in counts.items():
        left -= number
        if number or label == "right":
            stages.append(Stage(label, LOSSES[label][0], number, number / total, left / total))
    return Waterfall(one, total, tuple(stages), advice(counts))


def advice(counts: dict[Label, int]) -> str:
    """What to try, by the label that most wrong answers have; the earlier stage where two have as many."""
    wrong = {label: number for label, number in counts.items() if label != "right" and number}
    if not wrong:
        return "No answer was lost."
    worst = max(wrong, key=lambda label: wrong[label])
    name, remedy = LOSSES[worst]
    of = f"{count(wrong[worst])} of {count(sum(wrong.values()))} wrong answers"
    return f"Lost most often: {name[0].lower()}{name[1:]} ({of}). {remedy}"
