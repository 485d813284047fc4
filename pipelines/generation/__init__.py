"""How an answer is written: language models, prompts and how they are decoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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


language_models: Registry[LanguageModel] = Registry("llm", ["pipelines.generation.models"], "assay.language_models")
LanguageModelField = field_of(language_models)
