"""The published JSON Schemas, checked with a validator that knows nothing of pydantic."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from assay.schemas import experiment_schema, results_schema
from eval.results import Results

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def experiment() -> Draft202012Validator:
    schema = experiment_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def quickstart() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "configs/quickstart.yaml").read_text(encoding="utf-8"))
    return data


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_example_experiments_are_valid(experiment: Draft202012Validator, path: Path) -> None:
    assert [error.message for error in experiment.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"primary_metrik": "f1"},
        {"llm": {"kind": "embedded", "dtyp": "auto"}},
        {"llm": {"kind": "unheard-of"}},
        {"seed": "zero"},
        {"finetuning": {"kind": "lora", "epohcs": 3}},
        {"configurations": [{"arm": "rag", "retriever": {"kind": "bm25"}, "depht": 1}]},
        {"configurations": [{"arm": "rag", "retriever": {"kind": "bm26"}}]},
        {"configurations": [{"arm": "rag", "retriever": {"kind": "bm25"}, "depth": {"gird": [1]}}]},
        {"configurations": []},
    ],
    ids=lambda change: json.dumps(change)[:60],
)
def test_misspelt_or_wrong_fields_are_refused(experiment: Draft202012Validator, change: dict[str, Any]) -> None:
    assert experiment.is_valid(quickstart())
    assert not experiment.is_valid({**quickstart(), **change})


def test_grids_and_bare_kinds_are_allowed(experiment: Draft202012Validator) -> None:
    grid = {"arm": "rag", "retriever": {"grid": ["bm25", {"kind": "dense"}]}, "depth": {"grid": [1, 2]}}
    inner = {"arm": "rag", "retriever": "bm25", "chunker": {"kind": "recursive", "size": {"grid": [200, 400]}}}
    data = {**quickstart(), "llm": "embedded", "configurations": [grid, inner]}
    assert [error.message for error in experiment.iter_errors(data)] == []


def test_every_reference_resolves() -> None:
    schema = experiment_schema()

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for value in part.values():
                yield from references(value)
        elif isinstance(part, list):
            for value in part:
                yield from references(value)

    named = {reference.removeprefix("#/$defs/") for reference in references(schema)}
    assert named
    assert named <= set(schema["$defs"])


def test_results_written_are_valid_and_a_misspelt_part_is_not(make_results: Callable[..., Results]) -> None:
    schema = results_schema()
    Draft202012Validator.check_schema(schema)
    dumped = json.loads(make_results().model_dump_json())
    assert [error.message for error in Draft202012Validator(schema).iter_errors(dumped)] == []
    dumped["configurations"][0]["latancy"] = None
    assert not Draft202012Validator(schema).is_valid(dumped)
