"""A scenario: what ``assay roi`` reckons a finished run again with. Everything is optional and defaults to the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from eval.economics.prices import PriceBook, load_price_book
from eval.economics.terms import Economics
from eval.economics.yaml_file import explain, read_yaml
from pipelines.errors import UserError


class WhatIf(Economics):
    """The ``economics`` of an experiment, and two sizes that were not measured."""

    corpus_documents: int | None = Field(
        None, gt=0, description="documents to reckon for; index seconds and bytes are EXTRAPOLATED in proportion"
    )
    model_parameters: float | None = Field(
        None, gt=0, description="weights of a model to reckon for; machine seconds are EXTRAPOLATED in proportion"
    )


def load_scenario(
    source: Path | Mapping[str, Any] | None, economics: Economics, prices: PriceBook
) -> tuple[WhatIf, PriceBook]:
    """The run's ``economics`` and ``prices`` with what ``source`` changes. A price book is meant from the file on.

    Raises ``UserError`` naming file, line and field.
    """
    declared = economics.model_dump()
    if source is None:
        return WhatIf.model_validate(declared), prices
    path, root = Path("scenario"), None
    data: Any = source
    if isinstance(source, Path):
        path = source
        data, root = read_yaml(path, "scenario")
    if data is not None and not isinstance(data, Mapping):
        raise UserError(f"{path}:1: a scenario is a mapping of fields such as questions_per_month: 50000")
    changed = dict(data or {})
    # One way of saying how high the peak is replaces the other.
    if "peak_factor" in changed and "peak_per_second" not in changed:
        declared["peak_per_second"] = None
    try:
        found = WhatIf.model_validate({**declared, **changed})
    except ValidationError as error:
        raise UserError(explain(error, root, path)) from error
    if "price_book" not in changed:
        return found, prices
    book = None if found.price_book is None else path.parent / found.price_book
    return found.model_copy(update={"price_book": str(book) if book else None}), load_price_book(book)
