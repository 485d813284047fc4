import re
import subprocess
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from assay.fingerprint import code_hash, dataset_fingerprint, fingerprint, stage_code
from pipelines.records import Chunk, Dataset, Document, Question, Span
from pipelines.registry import StageConfig

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Config(StageConfig):
    """A config."""

    kind: Literal["test"] = "test"
    size: int = Field(default=1, description="size")
    inner: StageConfig | None = Field(default=None, description="nested")


def test_is_128_bits_of_hex() -> None:
    assert re.fullmatch("[0-9a-f]{32}", fingerprint("a"))


def test_order_of_parts_counts_and_order_of_keys_does_not() -> None:
    assert fingerprint(1, 2) != fingerprint(2, 1)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_types_are_kept_apart() -> None:
    assert len({fingerprint(value) for value in (1, 1.0, True, "1", None, [1])}) == 6


def test_tuples_are_lists_and_dataclasses_their_fields() -> None:
    assert fingerprint((1, 2)) == fingerprint([1, 2])
    assert fingerprint(Span("d", 1, 2)) == fingerprint({"document_id": "d", "start": 1, "end": 2})


def test_models_are_their_dump() -> None:
    assert fingerprint(Config(kind="test", size=3)) == fingerprint({"kind": "test", "size": 3, "inner": None})


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize("value", [b"x", {1: 2}, {"a": {1}}, Path("x"), np.float64(1), object(), Colour.RED, Span])
def test_refuses_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises(TypeError):
        fingerprint(value)


@given(plain)
def test_equal_content_gives_an_equal_fingerprint(value: object) -> None:
    assert fingerprint(value) == fingerprint(_rebuilt(value))


@given(plain, plain)
def test_other_content_gives_another_fingerprint(one: object, other: object) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (repr(_rebuilt(one)) == repr(_rebuilt(other)))


def _rebuilt(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rebuilt(value[key]) for key in sorted(value)}
    return [_rebuilt(item) for item in value] if isinstance(value, list) else value


def test_is_the_same_in_another_process() -> None:
    parts = "{'b': [1.5, 'ü'], 'a': None}"
    script = f"from assay.fingerprint import fingerprint; print(fingerprint({parts}))"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=_repo())
    assert other.stdout.strip() == fingerprint({"b": [1.5, "ü"], "a": None})


def _repo() -> Path:
    return Path(__file__).parents[2]


def test_a_dataset_is_its_content_whatever_its_name() -> None:
    dataset = Dataset("a", (Document("d", "text"),), (Question("q", "?", ("!",), "test"),))
    assert dataset_fingerprint(dataset) == dataset_fingerprint(replace(dataset, name="b", licence="MIT"))
    assert dataset_fingerprint(dataset) != dataset_fingerprint(replace(dataset, language="de"))
    assert dataset_fingerprint(dataset) != dataset_fingerprint(replace(dataset, documents=(Document("d", "texts"),)))


def test_chunks_can_be_fingerprinted() -> None:
    assert fingerprint([Chunk("d#0", "d", 0, 1, "a", "a")]) != fingerprint([Chunk("d#0", "d", 0, 1, "a", "b")])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of three modules: ``one`` imports ``two`` inside a function; ``three`` stands alone."""
    folder = tmp_path / f"plugin_{tmp_path.name}".replace("-", "_")
    (folder / "deep").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "deep" / "__init__.py").write_text("")
    (folder / "one.py").write_text("import json\nimport yaml\ndef f():\n    from .deep import two\n    return two\n")
    (folder / "deep" / "two.py").write_text("from .. import one\nVALUE = 1\n")
    (folder / "three.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def _hash_anew(package: Path, module: str = "one") -> str:
    code_hash.cache_clear()
    return code_hash(f"{package.name}.{module}")


def test_code_hash_follows_imports_inside_functions_and_cycles(package: Path) -> None:
    before = _hash_anew(package)
    (package / "deep" / "two.py").write_text("from .. import one\nVALUE = 2\n")
    assert _hash_anew(package) != before


def test_code_hash_counts_the_packages_a_module_lies_in(package: Path) -> None:
    before = _hash_anew(package)
    (package / "deep" / "__init__.py").write_text("VALUE = 1\n")
    assert _hash_anew(package) != before


def test_code_hash_ignores_modules_that_are_not_imported(package: Path) -> None:
    before = _hash_anew(package)
    (package / "three.py").write_text("VALUE = 2\n")
    assert _hash_anew(package) == before


def test_code_hash_counts_versions_of_imported_distributions(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, alone = _hash_anew(package), _hash_anew(package, "three")
    monkeypatch.setattr("assay.fingerprint._distribution", lambda root: [f"{root}==999"])
    assert _hash_anew(package) != before
    assert _hash_anew(package, "three") == alone


def test_code_hash_imports_nothing(package: Path) -> None:
    (package / "one.py").write_text("raise SystemExit('imported')\n")
    assert _hash_anew(package)


def test_code_hash_of_an_unknown_module_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        code_hash("pipelines.no_such_module")


def test_stage_code_covers_nested_configs() -> None:
    class Nested(Config):
        """A config of another module."""

    Nested.__module__ = "pipelines.registry"
    assert stage_code(Nested()) == fingerprint({"pipelines.registry": code_hash("pipelines.registry")})


def test_stage_code_changes_with_a_nested_kind() -> None:
    outer = type("Outer", (Config,), {"__module__": "pipelines.registry"})
    inner = type("Inner", (Config,), {"__module__": "pipelines.records"})
    assert stage_code(outer(inner=inner())) != stage_code(outer())
