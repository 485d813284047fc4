"""MoEE: embeddings from mixture-of-experts language models, as retriever, embedder and reranker."""

from pipelines.retrieval.moee.embedding import MoEEEmbedder
from pipelines.retrieval.moee.encoder import Encoder, encoder_of
from pipelines.retrieval.moee.retriever import MoEE, MoEEConfig, MoEEVirtualConfig

__all__ = ["Encoder", "MoEE", "MoEEConfig", "MoEEEmbedder", "MoEEVirtualConfig", "encoder_of"]
