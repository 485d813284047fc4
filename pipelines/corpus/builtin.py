"""The built-in dataset: a fictional company's knowledge base, generated from a seed and parsed from real files."""

import contextlib
import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter

from pipelines.cache import cache_folder
from pipelines.corpus import Loader, datasets
from pipelines.errors import UserError
from pipelines.records import Dataset, Document
from pipelines.registry import StageConfig

LIBRARIES = ("markitdown", "pdfminer.six", "mammoth", "openpyxl", "python-docx", "fpdf2")
"""What writes and parses the files."""
CORE_DOCUMENTS = 150
"""What the questions are about, whatever the seed."""
MOST_DOCUMENTS = 999_999
"""The numbers of archive documents have six digits."""


class BuiltinDataset(StageConfig):
    """A fictional company's knowledge base: 150 documents in six formats and 524 questions, made from a seed."""

    kind: Literal["builtin"] = "builtin"
    seed: int = Field(default=7, ge=0, description="Seed of the world: its facts, names and choice of questions.")
    changed_facts: int = Field(
        default=0,
        ge=0,
        le=24,
        description="How many facts change in the documents (a new price, a new owner, ...); the questions stay the "
        "same and their answers change with the facts.",
    )
    documents: int | None = Field(
        default=None,
        ge=CORE_DOCUMENTS,
        le=MOST_DOCUMENTS,
        description="Documents in all: the 150 of the core, and as many generated ones beside them as are missing. "
        "They answer no question; not given, there are none.",
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose answer changes: the preferred answers before and after."""

    question_id: str
    before: str
    after: str


@datasets.kind(BuiltinDataset)
def builtin(config: BuiltinDataset) -> Loader:
    """A loader that generates the files, parses them and finds the gold passages: a few seconds, once on a machine.

    Archive documents are made anew each time, which takes less than reading them from a file would save.
    """
    return lambda: _with_archive(_load(config), config)


def changed(config: BuiltinDataset, count: int) -> list[Change]:
    """The test questions of the track ``in_training`` whose answer differs between no changed fact and ``count``.

    Only the seed of ``config`` matters. Raises ``UserError`` where the world has fewer facts that can change.
    """
    from pipelines.corpus.world.assemble import company
    from pipelines.corpus.world.questions import answers

    before, after = company(config.seed), company(config.seed, count)
    changes = []
    for item in before.selected:
        if item.split == "test" and item.track == "in_training" and item.candidate.rule != "absent":
            old, new = answers(before.world, item.candidate), answers(after.world, item.candidate)
            if old != new:
                changes.append(Change(f"test.{item.candidate.key}", old[0], new[0]))
    return sorted(changes, key=lambda change: change.question_id)


def export(config: BuiltinDataset, folder: Path) -> Path:
    """Write the documents and ``questions.jsonl`` (one question a line) into ``folder``, to look at. Returns it.

    Raises ``UserError`` where the folder exists and is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: is not an empty folder; name a new one to export the built-in dataset to")
    folder.mkdir(parents=True, exist_ok=True)
    dataset = _with_archive(_dataset(config, folder), config)
    for document in dataset.documents[CORE_DOCUMENTS:]:
        path = folder / document.id
        path.parent.mkdir(exist_ok=True)
        path.write_text(document.text, encoding="utf-8")
    lines = [json.dumps(asdict(question), ensure_ascii=False) for question in dataset.questions]
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _with_archive(core: Dataset, config: BuiltinDataset) -> Dataset:
    """The core and behind it the documents that its config asks for beyond them."""
    if config.documents is None:
        return core
    from pipelines.corpus.world.archive import archive

    more = archive(config.seed, config.documents - len(core.documents))
    return replace(core, documents=(*core.documents, *more), source=f"{core.source}, {config.documents} documents")


def _load(config: BuiltinDataset) -> Dataset:
    """The parsed core: from the cache folder, or made, parsed and kept there."""
    kept = cache_folder() / "builtin" / f"{_fingerprint(config)}.json"
    if (dataset := _read(kept)) is not None:
        return dataset
    with tempfile.TemporaryDirectory(prefix="assay-builtin-") as folder:
        dataset = _dataset(config, Path(folder))
    _keep(dataset, kept)
    return dataset


def _keep(dataset: Dataset, path: Path) -> None:
    """Write the dataset under its checksum, in one step. A cache that cannot be written is done without."""
    text = TypeAdapter(Dataset).dump_json(dataset)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as part:
            part.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        Path(part.name).replace(path)


def _read(path: Path) -> Dataset | None:
    """The dataset kept in a file; ``None`` where there is none or the file is damaged."""
    try:
        checksum, _, text = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return TypeAdapter(Dataset).validate_json(text) if hashlib.sha256(text).hexdigest().encode() == checksum else None


def _dataset(config: BuiltinDataset, folder: Path) -> Dataset:
    """The dataset from files that are written into the empty ``folder`` and parsed."""
    from pipelines.corpus.parsing import parse_file
    from pipelines.corpus.world.assemble import company, questions
    from pipelines.corpus.world.writers import write

    made = company(config.seed, config.changed_facts)
    write(made.documents, folder)
    texts = {source.path: parse_file(folder / source.path) for source in made.documents}
    documents = tuple(
        Document(
            source.path,
            texts[source.path],
            source.title,
            {"format": Path(source.path).suffix.removeprefix("."), "kind": source.kind},
        )
        for source in made.documents
    )
    return Dataset(
        name="ondervane",
        documents=documents,
        questions=questions(made, texts),
        source=f"generated by pipelines.corpus.world, seed {config.seed}, changed facts {config.changed_facts}",
        licence="Apache-2.0",
    )


@cache
def _sources_hash() -> str:
    """Hash of everything the parsed texts follow from: the world, the parsers, and the libraries they use."""
    here = Path(__file__)
    sources = [here, here.with_name("parsing.py"), *sorted((here.parent / "world").rglob("*"))]
    digest = hashlib.sha256(json.dumps([version(name) for name in LIBRARIES]).encode())
    for path in sources:
        if path.suffix in (".py", ".md", ".yaml"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _fingerprint(config: BuiltinDataset) -> str:
    key = json.dumps([config.seed, config.changed_facts, _sources_hash()])
    return hashlib.sha256(key.encode()).hexdigest()[:16]
