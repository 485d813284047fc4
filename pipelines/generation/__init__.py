"""How an answer is written: language models, prompts and how they are decoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pipelines.records import Answer, Prompt
from pipelines.registry import Registry, field_of


@dataclass(frozen=True)
class Timing:
    """Seconds of one single-stream request: reading the prompt (the first token is then known), and the rest."""

    prefill: float
    decode: float


class LanguageModel(Protocol):
    """A language model that answers prompts greedily."""

    @property
    def name(self) -> str:
        """The model's public name."""

    @property
    def paid_by_token(self) -> bool:
        """Whether its answers are billed by the token, at the price of its name in the price book."""

    @property
    def identity(self) -> dict[str, str]:
        """What its answers depend on beside the prompt: weights, dtype, device, threads, shapes."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, in the model's own vocabulary."""

    def chat(self, instruction: str, turns: Sequence[tuple[str, str]], question: str) -> str:
        """A prompt in the model's own chat template: an instruction, worked turns, and the question to answer."""

    def generate(
        self, prompts: Sequence[Prompt], max_new_tokens: int, adapter: Path | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """Yield ``(index of the prompt, answer)`` as answers end, in no particular order."""

    def respond(self, prompt: Prompt, max_new_tokens: int, adapter: Path | None = None) -> tuple[Answer, Timing]:
        """Answer one prompt alone, nothing cached but the prefix that all prompts of its template share."""

    def trainable(self) -> tuple[Any, Any]:
        """Model and tokenizer for a trainer, which leaves the model as it was."""


class TokenScore(NamedTuple):
    """One token: its characters ``[start, end)`` in the scored text, and the natural log of its probability."""

    start: int
    end: int
    log_probability: float


@runtime_checkable
class ScoringModel(Protocol):
    """A language model that can say how likely a text is; models behind an API mostly cannot."""

    def log_probabilities(self, texts: Sequence[tuple[str, str]]) -> list[list[TokenScore]]:
        """For pairs (given, text): the tokens of ``text``, each given all that stands before it."""


language_models: Registry[LanguageModel] = Registry("llm", ["pipelines.generation.models"], "assay.language_models")
LanguageModelField = field_of(language_models)
