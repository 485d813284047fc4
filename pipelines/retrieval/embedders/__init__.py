"""Models that turn texts into vectors, for dense retrieval. One file a kind."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pipelines.registry import Registry, field_of

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


class Embedder(Protocol):
    """A model that embeds texts. Rows are unit vectors, so their dot product is the cosine similarity."""

    @property
    def name(self) -> str:
        """The model's public name."""

    @property
    def identity(self) -> str:
        """What its vectors depend on beside the text: a hash of the weights, the dtype, the device."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """One unit row for each text: float32, shape (texts, dimension)."""

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """As ``embed_documents``, for models that treat questions differently."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens the model reads of each text."""


embedders: Registry[Embedder] = Registry("embedder", ["pipelines.retrieval.embedders"], "assay.embedders")
EmbedderField = field_of(embedders)
