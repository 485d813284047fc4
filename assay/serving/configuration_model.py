"""A whole configuration in the place of a language model: for the OpenAI-compatible routes, and whoever calls them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.fingerprint import fingerprint
from assay.pipeline import Pipeline
from assay.serving.asking import NoAnswerError, ask, question_of
from pipelines.errors import UserError
from pipelines.generation import Timing
from pipelines.records import Answer, Prompt


@dataclass(frozen=True)
class ConfigurationModel:
    """A ``LanguageModel`` whose prompt is the question alone. The instruction, earlier turns and the limit of tokens
    are the pipeline's own matter and not heeded."""

    pipeline: Pipeline

    @property
    def name(self) -> str:
        """The configuration's id."""
        return self.pipeline.configuration.id

    @property
    def paid_by_token(self) -> bool:
        """As the model inside."""
        return self._model.paid_by_token

    @property
    def identity(self) -> dict[str, str]:
        """The model's own, with the configuration, its prompt and seed, and the data."""
        stages, configuration = self.pipeline.stages, self.pipeline.configuration
        parts = (configuration, self.pipeline.template, self.pipeline.seed, stages.dataset_fingerprint)
        return {**self._model.identity, "configuration": fingerprint(*parts)}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As the model inside."""
        return self._model.count_tokens(texts)

    def chat(self, instruction: str, turns: Sequence[tuple[str, str]], question: str) -> str:
        """The question."""
        return question

    def generate(
        self, prompts: Sequence[Prompt], max_new_tokens: int, adapter: Path | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """One after the other."""
        for index, prompt in enumerate(prompts):
            yield index, self.respond(prompt, max_new_tokens)[0]

    def respond(self, prompt: Prompt, max_new_tokens: int, adapter: Path | None = None) -> tuple[Answer, Timing]:
        """The pipeline's answer. A question it cannot take, or a model that failed, is an answer with an error."""
        try:
            answered = ask(self.pipeline, question_of(prompt.text))
        except (UserError, NoAnswerError) as error:
            return Answer("", 0, 0, error=str(error)), Timing(0.0, 0.0)
        decode = answered.times["decode"]
        return answered.answer, Timing(sum(answered.times.values()) - decode, decode)

    def trainable(self) -> tuple[Any, Any]:
        """Raises ``UserError``."""
        raise UserError(f"{self.name}: a served configuration cannot be tuned")

    @property
    def _model(self) -> Any:
        return self.pipeline.stages.model(self.pipeline.configuration)
