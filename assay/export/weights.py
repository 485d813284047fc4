"""What a finished run has trained, for use elsewhere: the tuned weights of the language model, as an adapter that PEFT
reads or merged into their base, and what a retriever learnt."""

import shutil
from pathlib import Path

from assay.indexing import learns
from assay.pipeline import Pipeline
from pipelines.errors import UserError
from pipelines.retrieval import retrievers
from pipelines.retrieval.embedders import embedders


def export_weights(pipeline: Pipeline, folder: Path, *, merged: bool = False) -> None:
    """Write the tuned weights of ``pipeline`` into ``folder``, which must be empty or new.

    The adapter loads with ``PeftModel.from_pretrained`` on the base it names; ``merged`` writes a whole model with its
    tokenizer instead, which loads with ``AutoModelForCausalLM.from_pretrained``. Raises ``UserError`` where the
    configuration is not tuned, or the folder holds something.
    """
    _check_empty(folder)
    entry = pipeline.stages.adapter(pipeline.configuration, pipeline.seed)
    if entry is None:
        raise UserError(f"{pipeline.configuration.id}: its weights are the base model's; choose a tuned configuration")
    folder.mkdir(parents=True, exist_ok=True)
    if not merged:
        for path in entry.folder.iterdir():
            if path.suffix in (".json", ".safetensors") and path.name != "manifest.json":
                shutil.copyfile(path, folder / path.name)
        return
    from pipelines.generation.tuned_weights import merge

    model = pipeline.stages.model(pipeline.configuration)
    network, tokenizer = model.trainable()
    merge(network, entry.folder, model.name).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def export_retriever(pipeline: Pipeline, folder: Path) -> None:
    """Write what the retriever of ``pipeline`` learnt, with its index, into ``folder``, which must be empty or new; the
    embedders of kind ``mafin`` and ``onegen`` read such a folder. Raises ``UserError`` where it learnt nothing, nothing
    that an embedder reads, or the folder holds something."""
    _check_empty(folder)
    configuration = pipeline.configuration
    if configuration.retriever is None:
        raise UserError(f"{configuration.id}: it retrieves nothing")
    retriever = retrievers.build(configuration.retriever, pipeline.stages.dataset.language)
    if not learns(retriever):
        raise UserError(f"{configuration.id}: retriever {configuration.retriever.kind} learns nothing")
    readers = [name for name, kind in embedders.kinds().items() if "folder" in kind.config.model_fields]
    if configuration.retriever.kind not in readers:
        raise UserError(
            f"{configuration.id}: no embedder reads what retriever {configuration.retriever.kind} learnt; those of "
            f"{' and '.join(readers)} can be exported"
        )
    *_, own = pipeline.stages.indexing.indexes(configuration)
    shutil.copytree(own.folder, folder, ignore=shutil.ignore_patterns("manifest.json"), dirs_exist_ok=True)


def _check_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: not empty; choose another folder")
