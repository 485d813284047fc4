"""An embedder in the form that mteb asks for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.retrieval.embedders import Embedder

_UNKNOWN = (
    *("loader", "release_date", "languages", "n_parameters", "memory_usage_mb", "max_tokens", "license"),
    *("open_weights", "public_training_code", "public_training_data", "use_instructions", "training_datasets"),
)
"""What mteb wants to be told of a model and an embedder does not say."""


class MtebEncoder:
    """What mteb calls an encoder protocol. Vectors are unit vectors, so products are cosines."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def encode(self, inputs: Iterable[Mapping[str, Sequence[str]]], *, prompt_type: Any = None, **_: Any) -> Any:
        """Vectors ``[texts, dimension]`` of all batches' texts; queries are embedded as queries."""
        texts = [text for batch in inputs for text in batch["text"]]
        query = getattr(prompt_type, "value", prompt_type) == "query"
        return self._embedder.embed_queries(texts) if query else self._embedder.embed_documents(texts)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Every pair's cosine: a tensor ``[n, m]``."""
        import torch

        return torch.as_tensor(embeddings1) @ torch.as_tensor(embeddings2).T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """The cosine of each row with its counterpart: a tensor ``[n]``."""
        import torch

        return (torch.as_tensor(embeddings1) * torch.as_tensor(embeddings2)).sum(-1)

    @property
    def mteb_model_meta(self) -> Any:
        """The model's name and identity."""
        from mteb.models.model_meta import ModelMeta

        return ModelMeta(
            name=f"assay/{self._embedder.name.replace('/', '_')}",
            revision=self._embedder.identity,
            embed_dim=self._embedder.dimension,
            framework=[],
            similarity_fn_name="cosine",
            **dict.fromkeys(_UNKNOWN),
        )
