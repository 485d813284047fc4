"""Answers of retrievers that write: search and generation in one, kept in the store like any other stage."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assay.completions import answer_of
from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint, stage_code
from assay.stages import Stages
from pipelines.errors import UserError
from pipelines.flows import Interleave, Outcome
from pipelines.records import Chunk, Context, Question
from pipelines.retrieval.filters import filters
from pipelines.retrieval.writing import Allowed, Budget, WritingSearch, Wrote


def interleaved(stages: Stages, configuration: Configuration, wanted: Interleave) -> Outcome:
    """The outcome of the questions, from the store or written now. Raises ``UserError`` where the retriever does not
    write."""
    retriever = configuration.retriever
    if retriever is None:
        raise UserError(f"configuration {configuration.id}: flow interleaved needs a retrieved arm")
    contents = [entry.content for entry in stages.indexing.indexes(configuration)]
    asked = [[question.text, dict(question.metadata)] for question in wanted.questions]
    limits = (wanted.searches, configuration.depth, stages.experiment.max_new_tokens, configuration.filter)
    code = (stage_code(retriever), code_hash("assay.interleaving"))
    key = fingerprint("interleaved", retriever, code, contents, stages.indexing.made_by(retriever), asked, limits)

    def write(folder: Path) -> dict[str, float]:
        with stages.progress.step(f"answering with {retriever.kind}"):
            wrote = write_answers(stages, configuration, wanted)
        rows = [{"answer": asdict(w.answer), "chunks": [c.id for c in w.chunks], "passes": w.passes} for w in wrote]
        (folder / "answers.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return {"passes": float(sum(one.passes for one in wrote))}

    entry = stages.compute(key, "interleaved", write)
    rows: list[dict[str, Any]] = json.loads((entry.folder / "answers.json").read_text(encoding="utf-8"))
    by_id = stages.indexing.by_id(configuration)
    contexts = tuple(Context(tuple(by_id[name] for name in row["chunks"])) for row in rows)
    return Outcome(contexts, tuple(answer_of(row["answer"]) for row in rows))


def write_answers(stages: Stages, configuration: Configuration, wanted: Interleave) -> list[Wrote]:
    """What the retriever writes, nothing taken from the store."""
    search = stages.indexing.search(configuration)
    if not isinstance(search, WritingSearch):
        assert configuration.retriever is not None
        raise UserError(
            f"configuration {configuration.id}: flow interleaved needs a retriever that writes answers, such as "
            f"onegen; {configuration.retriever.kind} does not"
        )
    budget = Budget(wanted.searches, configuration.depth, stages.experiment.max_new_tokens)
    allowed = _allowed(stages, configuration, wanted.questions)
    return search.write([question.text for question in wanted.questions], budget, allowed)


def _allowed(stages: Stages, configuration: Configuration, questions: Sequence[Question]) -> Allowed:
    """Whether a question may be answered from a chunk, by the configuration's filter; without a document it may not."""
    if configuration.filter is None:
        return lambda place, chunk: True
    allows, documents = filters.build(configuration.filter), stages.documents

    def allowed(place: int, chunk: Chunk) -> bool:
        document = documents.get(chunk.document_id)
        return document is not None and allows(questions[place], document)

    return allowed
