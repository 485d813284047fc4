"""``usage.json``: the measured quantities of a run, with the terms it was reckoned under, so that ``assay roi`` can
reckon it again without a model. What the results and the per-question table hold is not repeated."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import ValidationError

from eval.economics.account import Account, Books
from eval.economics.extrapolation import Sizes
from eval.economics.mean_interval import Array
from eval.economics.prices import PriceBook
from eval.economics.terms import Economics
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes
from eval.finance import StaleAccuracy
from eval.part import Part
from eval.results import ConfigurationResult, Results
from pipelines.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

FILE = "usage.json"


class UsedBy(Part):
    """One configuration: its ``Usage`` as JSON, the training runs behind its seeds, and the weights of its model."""

    usage: dict[str, Any]
    training: str
    parameters: int | None


class UsageFile(Part):
    """The file. ``clusters`` groups ``questions`` (ids, in the order of every array) for the intervals."""

    schema_version: Literal[1] = 1
    economics: Economics
    price_book: PriceBook
    margin: float
    questions: tuple[str, ...]
    clusters: tuple[int, ...]
    configurations: dict[str, UsedBy]


def write_usage(
    folder: Path,
    books: Books,
    economics: Economics,
    prices: PriceBook,
    questions: Sequence[str],
    parameters: Mapping[str, int],
) -> None:
    """Write ``folder/usage.json`` in one step."""
    found = UsageFile(
        economics=economics,
        price_book=prices,
        margin=books.margin,
        questions=tuple(questions),
        clusters=tuple(int(cluster) for cluster in books.clusters),
        configurations={
            account.id: UsedBy(
                usage=json.loads(account.usage.to_json()),
                training=account.training,
                parameters=parameters.get(account.id),
            )
            for account in books.accounts
        },
    )
    part = (folder / FILE).with_suffix(".part")
    part.write_text(found.model_dump_json() + "\n", encoding="utf-8")
    part.replace(folder / FILE)


def read_usage(folder: Path) -> UsageFile:
    """The usage of a finished run. Raises ``UserError`` where it is not there or not whole."""
    path = folder / FILE
    try:
        return UsageFile.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: not there; run the experiment again, what it computed is still in the store"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {field}: {first['msg']}; the file is not what this version writes") from error


def read_books(found: UsageFile, results: Results, table: "pd.DataFrame") -> tuple[Books, Sizes]:
    """The books of a run from its files, equal to those it was reckoned from. Raises ``UserError`` where the files are
    of different runs."""
    asked = set(table["question_id"])
    if set(found.configurations) != {one.id for one in results.configurations} or set(found.questions) != asked:
        raise UserError(
            f"{FILE} is of another run than results.json and per_question.parquet; run the experiment again"
        )
    accounts = tuple(_account(results, one, found, table) for one in results.configurations)
    books = Books(
        accounts, np.array(found.clusters), metric=results.primary_metric, margin=found.margin, seed=results.seed
    )
    known = {name: one.parameters for name, one in found.configurations.items() if one.parameters is not None}
    return books, Sizes(results.dataset.documents, known)


def _account(results: Results, one: ConfigurationResult, found: UsageFile, table: "pd.DataFrame") -> Account:
    used = found.configurations[one.id]
    rows = table[table["configuration"] == one.id]

    def values(metric: str) -> Array:
        """[seeds, questions]; where the metric does not apply, 0."""
        wide = rows.pivot(index="seed", columns="question_id", values=metric)
        by_seed: Array = wide[list(found.questions)].fillna(0.0).to_numpy(dtype=np.float64)
        return by_seed

    correct = values("correct")
    return Account(
        id=one.id,
        arm=one.arm,
        usage=Usage.from_json(json.dumps(used.usage)),
        outcomes=Outcomes(correct=correct, abstained=values("abstained") * (1 - correct)),
        primary=values(results.primary_metric),
        dev=one.dev[str(one.params["prompt"])],
        selected_on_dev=one.selected_on_dev,
        training=used.training,
        stale=stale_by_arm(results, one.arm),
    )


def stale_by_arm(results: Results, arm: str) -> StaleAccuracy | None:
    """What was measured of an arm's representative when facts changed."""
    if results.staleness is None:
        return None
    return next(
        (
            results.staleness.configurations[one.id]
            for one in results.configurations
            if one.arm == arm and one.id in results.staleness.configurations
        ),
        None,
    )
