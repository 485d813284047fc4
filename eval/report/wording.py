"""Verdicts and names in plain words, the same in the report and in the terminal."""

import re
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from eval.numbers import count, fine_score, percent, score
from eval.results import Arm, BreakEven, Comparison, ConfigurationResult, Results

ARM_NAMES: Final[dict[Arm, str]] = {
    "closed_book": "Closed book",
    "rag": "RAG",
    "gold_context": "Gold context",
    "lora": "LoRA",
    "lora_rag": "LoRA + RAG",
    "lora_gold_context": "LoRA + gold context",
}
GRID: Final[tuple[tuple[str, tuple[Arm, ...]], ...]] = (
    ("Base weights", ("closed_book", "rag", "gold_context")),
    ("Tuned weights", ("lora", "lora_rag", "lora_gold_context")),
)
CONTEXTS: Final = ("No context", "Retrieved context", "Gold context")
REFERENCE_ARMS: Final[tuple[Arm, ...]] = ("gold_context", "lora_gold_context")
"""Cells that are handed the right passage: a yardstick, not something that can be deployed."""

METRIC_NAMES: Final = {
    "f1": "token F1",
    "exact_match": "exact match",
    "correct": "right answers",
    "contains": "answer contained",
    "rouge_l": "ROUGE-L",
    "numeric_match": "numeric match",
    "similarity": "embedding similarity",
}


METRIC_MEANINGS: Final = {
    "f1": "how far the words of an answer agree with an accepted answer; 1 is the same words",
    "exact_match": "the share of answers that are an accepted answer, word for word after normalisation",
    "correct": "the share of answers that are right by the declared rule",
    "contains": "the share of answers that contain an accepted answer",
    "rouge_l": "how far an answer follows an accepted answer's sequence of words; 1 is the same sequence",
    "numeric_match": "the share of answers whose number and unit are right",
    "similarity": "closeness of meaning to an accepted answer by embedding; 1 is the same",
}


def metric_name(name: str) -> str:
    """The reader's name of a metric: ``recall_at_5`` is read ``recall@5``."""
    return METRIC_NAMES.get(name, name.replace("_at_", "@").replace("_", " "))


def metric_title(name: str) -> str:
    """The reader's name of a metric at the start of a line."""
    text = metric_name(name)
    return text[0].upper() + text[1:]


def in_words(numbers: Mapping[str, float]) -> str:
    """Named numbers in a line."""
    return ", ".join(f"{metric_name(name)} {value:.4g}" for name, value in numbers.items())


def breakable(name: str) -> Markup:
    """A name, escaped, that lines may break after its separators rather than inside a word."""
    parts = re.split(r"(?<=[_+/.,:=-])(?=[^_+/.,:=-])", name)
    return Markup("<wbr>").join(parts)


def status_quo_name(name: str) -> str:
    """What stands in for a configuration where none does."""
    return "no system" if name == "no_system" else name


def between(value: float, low: float, high: float) -> str:
    """A value with its 95 % interval."""
    return f"{score(value)} ({score(low)} to {score(high)})"


def caveat(configuration: ConfigurationResult) -> str:
    """What limits a verdict on this configuration: one adapter is not a method (measurement rule 5)."""
    tuned = "lora" in configuration.arm
    return f"{configuration.id} is one trained adapter" if tuned and configuration.seeds == 1 else ""


def comparison_sentence(comparison: Comparison, questions: int) -> str:
    """One paired comparison with its verdict. ``questions`` is the number both were asked."""
    a, b, delta, low, high = comparison.a, comparison.b, comparison.delta, comparison.low, comparison.high
    if comparison.verdict == "a":
        return f"{a} is shown better than {b} by {between(delta, low, high)}."
    if comparison.verdict == "b":
        return f"{b} is shown better than {a} by {between(-delta, -high, -low)}."
    if comparison.verdict == "equivalent":
        return (
            f"{a} and {b} are shown equivalent: they differ by {fine_score(delta)} ({fine_score(low)} to "
            f"{fine_score(high)}), inside the margin of {fine_score(comparison.margin)}."
        )
    return (
        f"{a} against {b} is undecided: they differ by {between(delta, low, high)}; {questions} questions can show "
        f"differences of {score(comparison.minimum_detectable)} or more."
    )


def verdicts(results: Results) -> list[tuple[Comparison, str]]:
    """Every comparison with its sentence, declared ones first."""
    sentences = []
    for comparison in sorted(results.comparisons, key=lambda item: item.exploratory):
        sides = [c for c in results.configurations if c.id in (comparison.a, comparison.b)]
        estimates = [c.metrics[comparison.metric] for c in sides if comparison.metric in c.metrics]
        questions = min((e.n for e in estimates), default=results.dataset.questions.get("test", 0))
        limits = [text for text in map(caveat, sides) if text]
        sentence = comparison_sentence(comparison, questions)
        if limits:
            sentence += f" ({'; '.join(limits)}.)"
        if comparison.exploratory:
            sentence += " Exploratory: not a declared contrast."
        sentences.append((comparison, sentence))
    return sentences


def track_verdicts(results: Results) -> dict[str, list[tuple[Comparison, str]]]:
    """For each track its comparisons with their sentences."""
    questions = results.dataset.tracks
    return {
        track: [(one, comparison_sentence(one, questions.get(track, 0))) for one in compared]
        for track, compared in results.track_comparisons.items()
        if compared
    }


def break_even_sentence(item: BreakEven) -> str:
    """From how many questions on one configuration costs less, or is worth more, than another."""
    gains = "costs less than" if item.on == "cost" else "is worth more than"
    if item.status == "always_a":
        return f"{item.a} {gains} {item.b} at every volume."
    if item.status == "always_b":
        return f"{item.b} {gains} {item.a} at every volume."
    if item.status == "undecided" or item.questions is None:
        never = f"in {percent(item.p_never)} of resamples it never does"
        return f"Whether {item.a} ever {gains} {item.b} is undecided: {never}."
    high = f"to {count(item.questions.high)}" if item.questions.high is not None else "or more, without an upper limit"
    never = f" In {percent(item.p_never)} of resamples it never does." if item.p_never >= 0.0005 else ""
    return (
        f"{item.a} {gains} {item.b} from {count(item.questions.value)} questions on "
        f"({count(item.questions.low)} {high}).{never}"
    )


def failures(results: Results) -> str:
    """The first line of a run that had failures (measurement rule 14); empty where nothing failed."""
    failed = [c for c in results.configurations if c.errors]
    if not failed:
        return ""
    total = sum(c.errors for c in failed)
    which = ", ".join(f"{c.id} ({c.errors})" for c in failed)
    return f"This run had failures: {total} {'answer' if total == 1 else 'answers'} failed and count as wrong: {which}."
