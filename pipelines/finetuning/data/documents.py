"""The documents themselves, for continued pre-training: the model learns to write them on, before it learns to answer.

Tuning on texts alone teaches style and wording well and single facts poorly (Ovadia et al. 2024, arXiv 2312.05934), so
``training_data: [documents, pairs]`` is the usual form.
"""

from typing import Literal

from pydantic import Field

from pipelines.corpus.splits import unit_hash
from pipelines.errors import UserError
from pipelines.finetuning.data import Sources, TrainingData, TrainingSet, training_data
from pipelines.pre_retrieval.chunking.recursive import RecursiveConfig, recursive
from pipelines.pre_retrieval.chunking.whole_document import WholeDocumentConfig, whole_document
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig


class DocumentsConfig(StageConfig):
    """The documents' own text, whole or in passages, for continued pre-training."""

    kind: Literal["documents"] = "documents"
    size: int | None = Field(
        default=1000, ge=20, description="characters of a passage at most; null takes whole documents"
    )
    title: bool = Field(default=True, description="put the document's title above a passage that does not begin it")
    limit: int | None = Field(default=None, ge=1, description="texts at most, drawn at random; absent takes all")


@training_data.kind(DocumentsConfig)
def documents(config: DocumentsConfig) -> TrainingData:
    """Texts that stand in the documents several times (a footer, say) are taken once and counted."""
    cut = whole_document(WholeDocumentConfig()) if config.size is None else recursive(RecursiveConfig(size=config.size))

    def make(sources: Sources) -> TrainingSet:
        chunks = cut(list(sources.documents.values()))
        distinct = list({chunk.text: chunk for chunk in chunks}.values())
        if not distinct:
            raise UserError("training_data: documents: the corpus holds no text to learn from")
        kept = distinct
        if config.limit is not None:
            drawn = sorted(distinct, key=lambda one: (unit_hash(sources.seed, one.id), one.id))[: config.limit]
            chosen = {one.id for one in drawn}
            kept = [one for one in distinct if one.id in chosen]
        repeated = len(chunks) - len(distinct)
        texts = tuple(_text(one, sources.documents[one.document_id], config.title) for one in kept)
        return TrainingSet(texts=texts, counts={"texts that repeat another": repeated} if repeated else {})

    return make


def _text(chunk: Chunk, document: Document, with_title: bool) -> str:
    return f"{document.title}\n\n{chunk.text}" if with_title and document.title and chunk.start > 0 else chunk.text
