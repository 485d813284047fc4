"""Reranking by a language model, one passage at a time.

``likelihood`` is the Unsupervised Passage Re-ranker (Sachan et al., EMNLP 2022): how likely the question is after its
passage. ``ask`` is for models that give no probabilities: they are asked whether the passage helps.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.generation import ScoringModel
from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.ordering import by_score
from pipelines.prompt_files import PromptText, fill, prompt_field
from pipelines.records import Prompt, Spent
from pipelines.registry import StageConfig
from pipelines.tools import Tools

_ANSWER_TOKENS = 3
_PLACEHOLDER = re.compile(r"\{question\}|\{passage\}")


class LLMPointwiseConfig(StageConfig):
    """Passages by how likely the question is after them, or by the model's yes or no."""

    kind: Literal["llm_pointwise"] = "llm_pointwise"
    mode: Literal["likelihood", "ask", "auto"] = Field(
        default="auto", description="auto takes likelihood where the model gives token probabilities, else ask"
    )
    likelihood_prompt: PromptText = prompt_field(__package__ or "", "question_for_passage", "{passage}")
    ask_prompt: PromptText = prompt_field(__package__ or "", "relevant", "{question} and {passage}")


@post_processors.kind(LLMPointwiseConfig)
def llm_pointwise(config: LLMPointwiseConfig) -> PostProcessor:
    """All chunks in a new order; equal ones keep theirs. ``spent`` counts the answers of ``ask``; ``likelihood`` runs
    in this process and is timed around the stage. Raises ``UserError`` where ``likelihood`` is wanted of a model that
    gives no probabilities."""

    def rerank(found: Sequence[Found], tools: Tools) -> list[Found]:
        if config.mode == "ask" or (config.mode == "auto" and not isinstance(tools.model, ScoringModel)):
            return _by_answer(found, tools, config.ask_prompt)
        if not isinstance(tools.model, ScoringModel):
            raise UserError(
                f"post_retrieval kind llm_pointwise: mode likelihood needs token probabilities, and {tools.model.name} "
                "gives none; use mode: ask"
            )
        return _by_likelihood(found, tools.model, config.likelihood_prompt)

    return rerank


def _by_likelihood(found: Sequence[Found], model: ScoringModel, prompt: str) -> list[Found]:
    """Orders by the mean of ``ln p(token | passage, earlier tokens)`` over the tokens of the question."""
    pairs = [(fill(prompt, passage=chunk.indexed), f" {one.query}") for one in found for chunk in one.chunks]
    tokens = iter(model.log_probabilities(pairs) if pairs else [])
    results = []
    for one in found:
        read = [next(tokens) for _ in one.chunks]
        means = [sum(token.log_probability for token in scores) / max(1, len(scores)) for scores in read]
        results.append(replace(one, chunks=by_score(one.chunks, means)))
    return results


def _by_answer(found: Sequence[Found], tools: Tools, prompt: str) -> list[Found]:
    """Those answered with yes stand before the others; a call that failed counts as no yes."""
    prefix = _PLACEHOLDER.split(prompt)[0]
    prompts = [
        # On one line, as in the prompt's examples.
        Prompt(fill(prompt, question=one.query, passage=" ".join(chunk.indexed.split())), prefix)
        for one in found
        for chunk in one.chunks
    ]
    answers = iter(tools.complete(prompts, _ANSWER_TOKENS) if prompts else [])
    results = []
    for one in found:
        given = [next(answers) for _ in one.chunks]
        helps = [float(answer.text.strip().lower().startswith("yes")) for answer in given]
        spent = sum((answer.spent for answer in given), Spent())
        results.append(replace(one, chunks=by_score(one.chunks, helps), spent=one.spent + spent))
    return results
