"""The tuned weights of a finished run, for use elsewhere: the adapter as PEFT reads it, or merged into its base."""

import shutil
from pathlib import Path

from assay.pipeline import Pipeline
from pipelines.errors import UserError


def export_weights(pipeline: Pipeline, folder: Path, *, merged: bool = False) -> None:
    """Write the tuned weights of ``pipeline`` into ``folder``, which must be empty or new.

    The adapter loads with ``PeftModel.from_pretrained`` on the base it names; ``merged`` writes a whole model with its
    tokenizer instead, which loads with ``AutoModelForCausalLM.from_pretrained``. Raises ``UserError`` where the
    configuration is not tuned, or the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: not empty; choose another folder")
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
