"""The special tokens of OneGen, and the rows they get in a model's embedding and head.

The tokenizer never learns of them: texts are tokenised without control tokens, and the new ids are put between the
tokens of texts. So no passage can spell a token that searches, ends a turn or stands for a document.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.errors import UserError

DESCRIPTIONS = {
    "[RQ]": "a question to search for",
    "[RD]": "the content of a document",
    "[LK]": "a name that a text mentions",
    "[SE]": "the description of an entity",
    "[CONTINUE]": "go on with the text",
}
"""Each token, and the words whose rows its own start as the mean of."""


@dataclass(frozen=True)
class Roles:
    """The ids of the special tokens: ``query`` [RQ] and ``document`` [RD] for questions, ``mention`` [LK], ``entity``
    [SE] and ``proceed`` [CONTINUE] for linking entities."""

    query: int
    document: int
    mention: int
    entity: int
    proceed: int

    @property
    def ids(self) -> tuple[int, ...]:
        """All of them, in the order of ``DESCRIPTIONS``."""
        return tuple(asdict(self).values())

    @property
    def retrieving(self) -> frozenset[int]:
        """Those whose state searches."""
        return frozenset((self.query, self.mention))


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer and the special tokens beside it."""

    tokenizer: Any
    roles: Roles

    @classmethod
    def of(cls, tokenizer: Any, name: str) -> "Vocabulary":
        """New ids behind those of ``tokenizer``. Raises ``UserError`` where it already holds a special token: the model
        was tuned with it, and a second meaning would blur both. ``name`` is the model's."""
        held = sorted(set(DESCRIPTIONS) & set(tokenizer.get_vocab()))
        if held:
            raise UserError(
                f"retriever onegen: the tokenizer of {name} already holds {', '.join(held)}; "
                "take a model that was not tuned with them"
            )
        first = len(tokenizer)
        return cls(tokenizer, Roles(*range(first, first + len(DESCRIPTIONS))))

    def encode(self, text: str) -> list[int]:
        """The tokens of a text; what spells a control token is read as the letters it is written with."""
        return list(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    @property
    def opening(self) -> list[int]:
        """What the tokenizer begins every text with: the beginning-of-text token of some models, nothing of others."""
        return list(self.tokenizer("")["input_ids"])

    @property
    def end(self) -> int:
        """The token that ends what the model writes."""
        return int(self.tokenizer.eos_token_id)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of generated tokens, special ones left out."""
        words = [token for token in ids if token not in self.roles.ids]
        return str(self.tokenizer.decode(words, skip_special_tokens=True)).strip()


def add_rows(model: Any, vocabulary: Vocabulary) -> None:
    """Give the special tokens rows in the embedding and the head of ``model``, each the mean of the rows of its
    description. Rows that a model holds beyond its tokenizer are used first."""
    import torch

    if model.get_input_embeddings().weight.shape[0] <= max(vocabulary.roles.ids):
        model.resize_token_embeddings(max(vocabulary.roles.ids) + 1, mean_resizing=False)
    with torch.no_grad():
        for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
            rows = layer.weight.requires_grad_(False)
            for token, words in zip(vocabulary.roles.ids, DESCRIPTIONS.values(), strict=True):
                rows[token] = rows[vocabulary.encode(words)].float().mean(0).to(rows.dtype)


def between(tokens: Sequence[int], at: int) -> list[list[int]]:
    """``tokens`` split at every ``at``, which is left out."""
    parts: list[list[int]] = [[]]
    for token in tokens:
        if token == at:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
