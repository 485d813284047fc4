"""The adapter: low-rank matrices on all linear layers, and the rows of the special tokens, trained in full.

Both lie in one ``adapter_model.safetensors``; PEFT's trainable tokens keep the rows, so that the embedding itself is
neither trained nor saved.
"""

from pathlib import Path
from typing import Any

from pipelines.generation import LanguageModel
from pipelines.generation.tuned_weights import merge
from pipelines.renamed import without_rename_warnings
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.vocabulary import Vocabulary, add_rows


def prepared(llm: LanguageModel) -> tuple[Any, Vocabulary]:
    """A fresh copy of the base model with rows for the special tokens. Raises ``UserError`` for a model that cannot be
    tuned here, and for a tokenizer that already holds a special token."""
    network, tokenizer = llm.trainable()
    vocabulary = Vocabulary.of(tokenizer, llm.name)
    add_rows(network, vocabulary)
    return network, vocabulary


def adapted(network: Any, vocabulary: Vocabulary, config: OneGenConfig, seed: int) -> Any:
    """The model with a new adapter, as a ``PeftModel``; ``seed`` draws its matrices. What is trained is float32,
    whatever the base computes in."""
    import torch
    from peft import LoraConfig, get_peft_model

    layers = [network.get_input_embeddings()]
    if not network.config.get_text_config().tie_word_embeddings:
        layers.append(network.get_output_embeddings())
    names = [next(name for name, module in network.named_modules() if module is layer) for layer in layers]
    settings = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        target_modules="all-linear",
        trainable_token_indices={name: list(vocabulary.roles.ids) for name in names},
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(), without_rename_warnings():
        torch.manual_seed(seed)
        model = get_peft_model(network, settings)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return model


def tuned(llm: LanguageModel, folder: Path | None) -> tuple[Any, Vocabulary]:
    """The model with the adapter of ``folder`` merged into it; without a folder the base with its new rows."""
    network, vocabulary = prepared(llm)
    return (merge(network, folder, llm.name) if folder else network), vocabulary
