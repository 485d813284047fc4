"""The cost ledger: measured quantities times the price book, item by item, and the ``Cost`` they add up to.

Self-hosted work is priced by machine seconds, API work by billed tokens, never both for the same work:

    usd per question  = machine_seconds / utilisation * usd_per_hour / 3600             self-hosted, per use
                      = 0 (the machines are the hosting)                                self-hosted, dedicated
                      = prompt_tokens * input price + output_tokens * output price      API
    hosting per month = GB stored * storage price + hours of labour * its price
                        + machines * usd_per_hour * 730                                 third term: dedicated
    machines at peak  = questions per second at peak * machine_seconds / utilisation, rounded up

Judging is part of the experiment, not of answering: it is listed in the ledger and enters no ``Cost``.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from eval.economics.hosting import Api, SelfHosted
from eval.economics.mean_interval import Array, Clusters, cost_estimate
from eval.economics.prices import PriceBook, TokenKind
from eval.economics.usage import Usage
from eval.results import Cost
from pipelines.errors import UserError

HOURS_PER_MONTH = 730.0
"""8,760 hours a year over twelve months, as cloud bills reckon."""
BYTES_PER_GB = 1e9
Paid = Literal["index", "train", "month", "question", "evaluation"]


@dataclass(frozen=True)
class Entry:
    """One line of the ledger. ``quantity`` of a question or evaluation line is the mean per question; ``paid`` says
    when: once for the index, once for the training, per month, per question asked, or for this evaluation alone."""

    item: str
    paid: Paid
    quantity: float
    unit: str
    usd_per_unit: float

    @property
    def usd(self) -> float:
        return self.quantity * self.usd_per_unit


def ledger(usage: Usage, book: PriceBook) -> tuple[Entry, ...]:
    """Every line that costs something, in the order it is spent. Raises ``UserError`` for work that nobody is paid
    for, work that two are paid for, and prices the book does not have."""
    lines = (*_index_lines(usage, book), *_train_lines(usage, book), *_month_lines(usage, book))
    lines += (*_question_lines(usage, book), *_judge_lines(usage, book))
    return tuple(line for line in lines if line.quantity > 0)


def usd_per_question(usage: Usage, book: PriceBook) -> Array:
    """Marginal dollars of each question, [seeds, n]: the ``usd`` column of ``per_question.parquet``."""
    total = np.zeros(usage.shape)
    for name, rate in _question_rates(usage, book):
        total = total + getattr(usage, name) * rate
    return total


def cost(
    usage: Usage,
    book: PriceBook,
    clusters: Clusters,
    *,
    questions_per_month: float | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Cost:
    """The ``Cost`` of one configuration; ``clusters`` [n] groups the questions for the interval.

    With ``questions_per_month`` dedicated machines are checked to be enough: ``UserError`` where they are not.
    ``per_correct_usd`` is left out; ``per_correct.cost_per_correct`` makes it from this.
    """
    lines = ledger(usage, book)
    if questions_per_month is not None:
        _check_capacity(usage, questions_per_month)
    per_question = np.broadcast_to(usd_per_question(usage, book), (usage.shape[0], len(clusters)))
    return Cost(
        index_usd=_paid(lines, "index"),
        train_usd=_paid(lines, "train"),
        hosting_usd_month=_paid(lines, "month"),
        per_1k_questions_usd=cost_estimate(per_question, clusters, draws=draws, seed=seed).scaled(1000.0),
    )


def capacity_per_month(usage: Usage) -> float:
    """Questions that dedicated machines answer in a month at the declared utilisation; infinite otherwise."""
    hosting, seconds = usage.hosting, float(usage.machine_seconds.mean())
    if not isinstance(hosting, SelfHosted) or hosting.billing != "dedicated" or seconds == 0:
        return float("inf")
    return hosting.machines * HOURS_PER_MONTH * 3600 * hosting.utilisation / seconds


def machines_at_peak(usage: Usage, questions_per_second: float) -> int | None:
    """Machines that keep up with the busiest moment, by batched throughput and at most the declared utilisation; at
    least one. ``None`` where an API answers."""
    load = load_at_peak(usage, questions_per_second)
    return None if load is None else max(1, ceil(load - 1e-9))  # a whole number may come out a hair above itself


def load_at_peak(usage: Usage, questions_per_second: float) -> float | None:
    """``machines_at_peak`` before it is rounded up."""
    if not isinstance(usage.hosting, SelfHosted):
        return None
    return questions_per_second * float(usage.machine_seconds.mean()) / usage.hosting.utilisation


def machine_usd_month(usage: Usage, book: PriceBook) -> float | None:
    """Dollars a month of one dedicated machine; ``None`` where machines are paid by use."""
    if not isinstance(usage.hosting, SelfHosted) or usage.hosting.billing != "dedicated":
        return None
    return book.machine(usage.hosting.machine).usd_per_hour * HOURS_PER_MONTH


def _paid(lines: tuple[Entry, ...], when: Paid) -> float:
    return float(sum(line.usd for line in lines if line.paid == when))


def _check_capacity(usage: Usage, questions_per_month: float) -> None:
    capacity = capacity_per_month(usage)
    if questions_per_month > capacity and isinstance(usage.hosting, SelfHosted):
        needed = int(np.ceil(questions_per_month / capacity * usage.hosting.machines))
        raise UserError(
            f"hosting.machines is {usage.hosting.machines}, which answers {capacity:,.0f} questions a month at "
            f"utilisation {usage.hosting.utilisation:g}; {questions_per_month:,.0f} a month need machines: {needed}"
        )


def _per_second(book: PriceBook, machine: str | None, work: str, field: str) -> float:
    """Dollars per second of the machine that did ``work``."""
    if machine is None:
        raise UserError(f"usage has {work}, but {field} names no machine to price it; name one of the price book's")
    return book.machine(machine).usd_per_hour / 3600


def _one_payer(seconds: float, tokens: float, api: str | None, work: str, field: str) -> None:
    if api is not None and seconds > 0:
        raise UserError(f"{work} has machine seconds and {field}: one work has one payer; drop one of the two")
    if api is None and seconds == 0 and tokens > 0:
        raise UserError(f"{work} has tokens, but neither machine seconds nor {field} to price them; give one")


def _tokens(item: str, paid: Paid, count: float, book: PriceBook, api: str, kind: TokenKind) -> Entry:
    return Entry(item, paid, count, "tokens", book.usd_per_token(api, kind))


def _index_lines(usage: Usage, book: PriceBook) -> list[Entry]:
    payers, lines = usage.payers, []
    if usage.index_seconds:
        rate = _per_second(book, payers.index_machine, "index_seconds", "payers.index_machine")
        lines.append(Entry("indexing", "index", usage.index_seconds, "machine seconds", rate))
    if payers.embedding_api is not None:
        rate = book.usd_per_token(payers.embedding_api, "embedding")
        lines.append(Entry("embedding", "index", usage.embedding_tokens, "tokens", rate))
    elif usage.embedding_tokens and not usage.index_seconds:
        raise UserError("embedding has tokens, but neither index_seconds nor payers.embedding_api to price them")
    if payers.enrichment_api is not None:
        given, made = usage.enrichment_input_tokens, usage.enrichment_output_tokens
        lines.append(_tokens("enrichment, input", "index", given, book, payers.enrichment_api, "input"))
        lines.append(_tokens("enrichment, output", "index", made, book, payers.enrichment_api, "output"))
    labour = book.labour.usd_per_hour / 60
    return [*lines, Entry("document review", "index", usage.index_reviewer_minutes, "minutes", labour)]


def _train_lines(usage: Usage, book: PriceBook) -> list[Entry]:
    payers, lines = usage.payers, []
    tokens = usage.data_generation_input_tokens + usage.data_generation_output_tokens
    api = payers.generator_api
    _one_payer(usage.data_generation_seconds, tokens, api, "data generation", "payers.generator_api")
    _one_payer(usage.train_seconds, usage.training_tokens, payers.training_api, "training", "payers.training_api")
    if api is not None:
        given, made = usage.data_generation_input_tokens, usage.data_generation_output_tokens
        lines.append(_tokens("data generation, input", "train", given, book, api, "input"))
        lines.append(_tokens("data generation, output", "train", made, book, api, "output"))
    if payers.feedback_api is not None:
        given, made = usage.feedback_input_tokens, usage.feedback_output_tokens
        lines.append(_tokens("feedback, input", "train", given, book, payers.feedback_api, "input"))
        lines.append(_tokens("feedback, output", "train", made, book, payers.feedback_api, "output"))
    for item, seconds in (("data generation", usage.data_generation_seconds), ("training", usage.train_seconds)):
        if seconds:
            rate = _per_second(book, payers.train_machine, f"{item} seconds", "payers.train_machine")
            lines.append(Entry(item, "train", seconds, "machine seconds", rate))
    if payers.training_api is not None:
        rate = book.usd_per_token(payers.training_api, "training")
        lines.append(Entry("training", "train", usage.training_tokens, "tokens", rate))
    labour = book.labour.usd_per_hour / 60
    return [*lines, Entry("training data review", "train", usage.reviewer_minutes, "minutes", labour)]


def _month_lines(usage: Usage, book: PriceBook) -> list[Entry]:
    stored = (usage.index_bytes + usage.adapter_bytes) / BYTES_PER_GB
    lines = [Entry("storage", "month", stored, "GB", book.storage.usd_per_gb_month)]
    lines.append(Entry("labour", "month", usage.hosting.labour_hours_month, "hours", book.labour.usd_per_hour))
    if isinstance(usage.hosting, SelfHosted) and usage.hosting.billing == "dedicated":
        rate = book.machine(usage.hosting.machine).usd_per_hour
        hours = usage.hosting.machines * HOURS_PER_MONTH
        lines.append(Entry("machines", "month", hours, "machine hours", rate))
    return lines


def _question_rates(usage: Usage, book: PriceBook) -> list[tuple[str, float]]:
    """Per-question quantities that are paid for, with dollars per unit."""
    hosting, rates = usage.hosting, []
    if isinstance(hosting, Api):
        rates = [("prompt_tokens", book.usd_per_token(hosting.model, "input"))]
        rates.append(("output_tokens", book.usd_per_token(hosting.model, "output")))
    if usage.machine_seconds.any() and not (isinstance(hosting, SelfHosted) and hosting.billing == "dedicated"):
        rate = _per_second(book, hosting.machine, "machine_seconds", "hosting.machine")
        rates.append(("machine_seconds", rate / hosting.utilisation))
    if usage.payers.embedding_api is not None and usage.query_embedding_tokens.any():
        rates.append(("query_embedding_tokens", book.usd_per_token(usage.payers.embedding_api, "embedding")))
    return rates


def _question_lines(usage: Usage, book: PriceBook) -> list[Entry]:
    units = {"machine_seconds": "machine seconds"}
    return [
        Entry(name.replace("_", " "), "question", float(getattr(usage, name).mean()), units.get(name, "tokens"), rate)
        for name, rate in _question_rates(usage, book)
    ]


def _judge_lines(usage: Usage, book: PriceBook) -> list[Entry]:
    given, made = float(usage.judge_input_tokens.mean()), float(usage.judge_output_tokens.mean())
    seconds, api = float(usage.judge_seconds.mean()), usage.payers.judge_api
    _one_payer(seconds, given + made, api, "judging", "payers.judge_api")
    if api is not None:
        return [
            _tokens("judge, input", "evaluation", given, book, api, "input"),
            _tokens("judge, output", "evaluation", made, book, api, "output"),
        ]
    if not seconds:
        return []
    rate = _per_second(book, usage.payers.judge_machine, "judge_seconds", "payers.judge_machine")
    return [Entry("judge", "evaluation", seconds, "machine seconds", rate)]
