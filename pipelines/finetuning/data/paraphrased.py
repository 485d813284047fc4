"""Training questions in other words, each with the answer it had: users will not ask in the words of the pairs.

The questions themselves are no part of it; ``training_data: [pairs, paraphrased]`` takes both.
"""

import re
from collections import Counter
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.corpus.sampling import spread
from pipelines.errors import UserError
from pipelines.finetuning.data import Sources, TrainingData, TrainingSet, training_data
from pipelines.generation.prompts import training_pair
from pipelines.pre_retrieval.query.lists import words
from pipelines.pre_retrieval.query.writing import LIST_END, Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.records import Question, TrainingPair
from pipelines.registry import StageConfig

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MISSING = "paraphrases not written, empty or equal to their question"
FIGURES = "paraphrases with other figures than their question"
REPEATED = "paraphrases that repeat another question"


class ParaphrasedConfig(StageConfig):
    """The train questions in other words, by the language model, with their answers."""

    kind: Literal["paraphrased"] = "paraphrased"
    count: int = Field(default=2, ge=1, le=8, description="paraphrases of a question at most")
    limit: int | None = Field(default=None, ge=1, description="questions to paraphrase; absent takes all of train")
    max_new_tokens: int = Field(default=96, ge=1, description="tokens of all paraphrases of a question together")
    prompt: PromptText = prompt_field(__package__ or "", "paraphrased", "{count}, {question}")


@training_data.kind(ParaphrasedConfig)
def paraphrased(config: ParaphrasedConfig) -> TrainingData:
    """Dropped and counted is a paraphrase that has the same words as its question or as another one, and one that
    gained or lost a figure: then it asks something else. That the meaning is kept otherwise is not checked."""
    template = config.prompt.replace("{count}", str(config.count))
    writing = Writing(template, config.max_new_tokens, config.count, LIST_END)

    def make(sources: Sources) -> TrainingSet:
        questions = spread(sources.questions, config.limit or len(sources.questions), sources.seed)
        if not questions:
            raise UserError("training_data: paraphrased: the train split is empty; there is nothing to paraphrase")
        known = {words(question.text) for question in sources.questions}
        dropped: Counter[str] = Counter()
        pairs: list[TrainingPair] = []
        written = writing.queries([question.text for question in questions], sources.tools, with_question=False)
        for question, queries in zip(questions, written, strict=True):
            texts = () if queries.fell_back else queries.texts
            dropped[MISSING] += config.count - len(texts)
            for text in texts:
                if wrong := _wrong(text, question, known):
                    dropped[wrong] += 1
                else:
                    known.add(words(text))
                    pairs.append(training_pair(replace(question, text=text)))
        if not pairs:
            raise UserError(
                f"training_data: paraphrased: the language model wrote no usable paraphrase of {len(questions)} "
                "questions; name a stronger one, or leave paraphrased out"
            )
        return TrainingSet(tuple(pairs), counts={reason: count for reason, count in dropped.items() if count})

    return make


def _wrong(text: str, question: Question, known: set[str]) -> str:
    if Counter(_NUMBER.findall(text)) != Counter(_NUMBER.findall(question.text)):
        return FIGURES
    return REPEATED if words(text) in known else ""
