"""The vectors of the tuned model: an embedder whose queries and documents end in their retrieval tokens."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.generation import LanguageModel
from pipelines.retrieval.onegen.adapter import tuned
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.sequences import Tokens, asked, document
from pipelines.retrieval.onegen.states import hidden_states
from pipelines.retrieval.onegen.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_ROWS_AT_ONCE = 64
ADAPTER = "adapter_model.safetensors"


class Encoder:
    """Implements ``Embedder`` over the model with the adapter in ``folder``, or over the untuned one. The weights are
    loaded at the first text. ``network`` and ``vocabulary`` are what the generator goes on with."""

    def __init__(self, llm: LanguageModel, folder: Path | None, config: OneGenConfig) -> None:
        self.llm, self.config = llm, config
        self.folder = folder if folder and (folder / ADAPTER).is_file() else None

    @property
    def name(self) -> str:
        """The base model's public name."""
        return self.llm.name

    @cached_property
    def identity(self) -> str:
        """Hash of base and adapter, then dtype and device of the base, and the length that texts are cut to."""
        made = self.llm.identity
        total = hashlib.sha256(made.get("weights", self.llm.name).encode())
        if self.folder is not None:
            total.update((self.folder / ADAPTER).read_bytes())
        where = made.get("device", "").partition(" ")[0]
        return f"{total.hexdigest()[:16]}:{made.get('dtype', '')}:{where}:{self.config.max_length}"

    @property
    def dimension(self) -> int:
        """Width of a hidden state."""
        return int(self.network.config.get_text_config().hidden_size)

    @property
    def network(self) -> Any:
        """The model, the adapter merged into it."""
        return self._loaded[0]

    @property
    def vocabulary(self) -> Vocabulary:
        """Its tokenizer and special tokens."""
        return self._loaded[1]

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """The unit vector of each text at its [RD]: float32, shape (texts, dimension)."""
        return self._stacked([document(self.vocabulary, text, self.config.max_length) for text in texts])

    def embed_sentences(self, texts: Sequence[str]) -> "list[NDArray[float32]]":
        """The unit vectors of each text's sentences, of all that fit the length: float32, shape (sentences,
        dimension), from one forward pass."""
        longest = self.config.max_length
        return self._vectors([document(self.vocabulary, text, longest, by_sentence=True) for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """The unit vector of each question at its first [RQ], as ``embed_documents``."""
        return self._stacked([self._query(text) for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens the model reads of each document."""
        return [len(document(self.vocabulary, text, self.config.max_length).ids) for text in texts]

    @cached_property
    def _loaded(self) -> tuple[Any, Vocabulary]:
        from pipelines.generation.packed_linear import pack_linears

        network, vocabulary = tuned(self.llm, self.folder)
        pack_linears(network)
        return network, vocabulary

    def _query(self, text: str) -> Tokens:
        ids = (*asked(self.vocabulary, text), self.vocabulary.roles.query)
        return Tokens(ids, ids, (len(ids) - 1,))

    def _stacked(self, rows: Sequence[Tokens]) -> "NDArray[float32]":
        import numpy as np

        return np.concatenate([np.zeros((0, self.dimension), np.float32), *self._vectors(rows)])

    def _vectors(self, rows: Sequence[Tokens]) -> "list[NDArray[float32]]":
        """In blocks of like length, so that few states are held at a time."""
        import torch

        order = sorted(range(len(rows)), key=lambda place: -len(rows[place].ids))
        found: dict[int, NDArray[float32]] = {}
        with torch.inference_mode():
            for start in range(0, len(order), _ROWS_AT_ONCE):
                block = order[start : start + _ROWS_AT_ONCE]
                states = hidden_states(self.network.get_decoder(), [rows[place].ids for place in block])
                for place, state in zip(block, states, strict=True):
                    found[place] = unit(state[list(rows[place].vectors)])
        return [found[place] for place in range(len(rows))]


def unit(states: Any) -> "NDArray[float32]":
    """States [n, width] as float32 rows of length 1."""
    import torch

    rows: NDArray[float32] = torch.nn.functional.normalize(states.float(), dim=-1).cpu().numpy()
    return rows
