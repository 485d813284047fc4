"""Fingerprints: what a stage's output depends on, as one short hash.

Canonical JSON is the common form: keys sorted, floats by ``repr``, tuples as lists, pydantic models by ``model_dump``,
dataclasses by their fields. So equal content gives an equal fingerprint in every process and on every machine.
"""

import ast
import functools
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipelines.records import Dataset
from pipelines.registry import StageConfig, nested

FIRST_PARTY = frozenset({"assay", "eval", "pipelines"})


def fingerprint(*parts: Any) -> str:
    """blake2b-128 (32 hex digits) of the canonical JSON of ``parts``, in their order.

    Raises ``TypeError`` for anything but None, bool, int, float, str, lists, tuples, mappings with string keys,
    pydantic models and dataclasses: a value whose form might change between runs must not reach a fingerprint.
    """
    # ensure_ascii keeps lone surrogates, which no encoder would take, representable.
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    # Exact types: a subclass (an enum, a numpy scalar) may print otherwise than its base.
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        if any(type(key) is not str for key in value):
            raise TypeError("a fingerprint takes mappings with string keys only")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, BaseModel):
        return _plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a fingerprint cannot hold a {type(value).__name__}: {value!r:.80}")


def dataset_fingerprint(dataset: Dataset) -> str:
    """Fingerprint of a dataset's content: documents, questions, language. Its name, source and licence do not count,
    so a renamed copy finds the entries of the original."""
    return fingerprint(dataset.documents, dataset.questions, dataset.language)


def stage_code(config: StageConfig) -> str:
    """One hash for the code behind a config: its kind's module and those of every config nested in its fields
    (an embedder, the parts of a hybrid retriever), each with what it imports."""
    return fingerprint(
        {module: code_hash(module) for module in sorted({type(one).__module__ for one in nested(config)})}
    )


@functools.cache
def code_hash(module_name: str) -> str:
    """Hash of a module's source, of all first-party modules it imports, transitively, and of the versions of the
    distributions those import.

    Imports are read from the syntax tree, those inside functions too; nothing is imported. The packages a module lies
    in count, as Python runs their ``__init__`` first. Modules loaded by name at run time (registry discovery) do not:
    a new technique changes no other's hash. A third party's module counts its own top-level package as first party.
    For ``__main__`` it is the script's source, and one word in a notebook, where nothing can tell a change.
    The answer holds for the life of the process. Raises ``ModuleNotFoundError`` where there is no such module.
    """
    if module_name == "__main__":  # a kind written in a script or a notebook
        script = getattr(sys.modules["__main__"], "__file__", None)
        return hashlib.sha256(Path(script).read_bytes()).hexdigest() if script else "interactive"
    first_party = FIRST_PARTY | {module_name.partition(".")[0]}
    if _source(module_name) is None:
        raise ModuleNotFoundError(f"no source for the module {module_name!r}")
    pending, sources, external = {*_with_parents(module_name)}, dict[str, str](), set[str]()
    while pending:
        name = pending.pop()
        path = _source(name)
        if name in sources or path is None:
            continue
        text = path.read_text(encoding="utf-8")
        sources[name] = hashlib.sha256(text.encode()).hexdigest()
        for imported in _imports(name, path.name == "__init__.py", text):
            root = imported.partition(".")[0]
            if root in first_party:
                pending.update(_with_parents(imported))
            elif root not in sys.stdlib_module_names:
                external.add(root)
    return fingerprint(sources, {root: _distribution(root) for root in external})


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: length + 1]) for length in range(len(parts)))


@functools.cache
def _source(name: str) -> Path | None:
    # Only the top-level package is asked for by find_spec, which for dotted names would import the parents.
    root, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(root)
    except (ValueError, ModuleNotFoundError):
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for base in spec.submodule_search_locations or ():
        for path in (Path(base, *rest).with_suffix(".py"), Path(base, *rest, "__init__.py")):
            if path.is_file():
                return path
    return None


def _imports(name: str, is_package: bool, text: str) -> Iterator[str]:
    """Every module named in an import statement; for ``from a import b`` also ``a.b``, which may be a module."""
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]) if base else ".".join(above)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@functools.cache
def _distribution(root: str) -> list[str]:
    """``name==version`` of the distributions behind a top-level import name; empty where it is not installed."""
    try:
        # Most distributions are named like their package; the full map costs a second and is made only for the rest.
        return [f"{root}=={metadata.version(root)}"]
    except metadata.PackageNotFoundError:
        return sorted(f"{name}=={metadata.version(name)}" for name in set(_distributions().get(root, ())))


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
