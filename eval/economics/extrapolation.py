"""Quantities at a size that was not measured, in proportion to the measured ones, and marked as such."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from eval.economics.account import Account, Books
from eval.economics.hosting import SelfHosted
from eval.economics.scenario_file import WhatIf
from eval.part import Part
from pipelines.errors import UserError

BY_DOCUMENTS = (
    "index_seconds",
    "index_bytes",
    "embedding_tokens",
    "enrichment_input_tokens",
    "enrichment_output_tokens",
    "index_reviewer_minutes",
)
BY_PARAMETERS = ("train_seconds", "data_generation_seconds", "machine_seconds")


class Extrapolation(Part):
    """One size that was not measured: what is taken to grow in proportion, by which factor, and which fields of the
    cost of which configurations therefore are no measurements."""

    what: str
    factor: float
    configurations: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Sizes:
    """What a run was measured at: documents in the corpus, and weights of the models by configuration id."""

    documents: int
    parameters: Mapping[str, int]


def extrapolated(books: Books, scenario: WhatIf, sizes: Sizes) -> tuple[Books, tuple[Extrapolation, ...]]:
    """The books at the sizes of ``scenario``; as they are where it names none. Raises ``UserError`` where the run does
    not know how large its model was."""
    notes: list[Extrapolation] = []
    accounts = list(books.accounts)
    if scenario.corpus_documents is not None and scenario.corpus_documents != sizes.documents:
        factor = scenario.corpus_documents / sizes.documents
        notes.append(
            Extrapolation(
                what=f"indexing and its storage for {scenario.corpus_documents:,} documents, in proportion to the "
                f"{sizes.documents:,} measured; accuracy and search are those of the measured corpus",
                factor=factor,
                configurations=tuple(one.id for one in accounts if one.usage.index_bytes or one.usage.index_seconds),
                fields=("index_usd", "hosting_usd_month"),
            )
        )
        accounts = [_times(account, BY_DOCUMENTS, factor) for account in accounts]
    if scenario.model_parameters is not None:
        accounts, grown = _larger_model(accounts, scenario, sizes)
        notes += grown
    return replace(books, accounts=tuple(accounts)), tuple(notes)


def _larger_model(accounts: list[Account], scenario: WhatIf, sizes: Sizes) -> tuple[list[Account], list[Extrapolation]]:
    assert scenario.model_parameters is not None
    scaled: list[Account] = []
    by_size: dict[int, list[str]] = {}
    for account in accounts:
        if not isinstance(account.usage.hosting, SelfHosted):
            scaled.append(account)  # an API is paid by the token, whatever its size
            continue
        if account.id not in sizes.parameters:
            raise UserError(
                f"model_parameters: the run did not record how many weights the model of {account.id} has; leave it out"
            )
        measured = sizes.parameters[account.id]
        if measured != scenario.model_parameters:
            by_size.setdefault(measured, []).append(account.id)
        scaled.append(_times(account, BY_PARAMETERS, scenario.model_parameters / measured))
    hosting = ("hosting_usd_month",) if scenario.billing == "dedicated" else ()
    fields = ("train_usd", "per_1k_questions_usd", "machines_at_peak", *hosting)
    return scaled, [
        Extrapolation(
            what=f"answering and training with {scenario.model_parameters:,.0f} weights, in proportion to the "
            f"{measured:,} measured, retrieval with them; accuracy is that of the measured model",
            factor=scenario.model_parameters / measured,
            configurations=tuple(names),
            fields=fields,
        )
        for measured, names in by_size.items()
    ]


def _times(account: Account, fields: tuple[str, ...], factor: float) -> Account:
    grown = {name: getattr(account.usage, name) * factor for name in fields}
    return replace(account, usage=replace(account.usage, **grown))
