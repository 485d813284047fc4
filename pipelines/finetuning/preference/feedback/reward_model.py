"""Verdicts of a reward model: a few verdicts train it, and it scores every sampled answer (Ouyang et al. 2022)."""

import json
from dataclasses import replace
from random import Random
from typing import Any, Literal

from pydantic import Field, field_validator

from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback import (
    Collected,
    FeedbackField,
    SampledConfig,
    Source,
    Sources,
    feedback_kinds,
)
from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.registry import StageConfig

REPORT = "reward_model.json"


class RewardModelFeedback(SampledConfig):
    """Sampled answers scored by a reward model, which learns from other feedback first."""

    kind: Literal["reward_model"] = "reward_model"
    learn_from: FeedbackField = Field(description="the feedback that it learns from")
    held_out: float = Field(0.2, gt=0, lt=1, description="Share of the questions its accuracy is measured on.")
    rank: int = Field(8, ge=1, description="Rank of its adapter matrices.")
    learning_rate: float = Field(5e-4, gt=0, description="Peak learning rate of AdamW.")
    epochs: int = Field(3, ge=1, description="Passes over the pairs.")
    batch_size: int = Field(8, ge=1, description="Pairs that are computed together.")
    max_length: int = Field(1024, ge=2, description="Longest prompt with an answer in tokens; never cut.")

    @field_validator("learn_from")
    @classmethod
    def _from_others(cls, value: StageConfig) -> StageConfig:
        if value.kind == "reward_model":
            raise ValueError("a reward model learns from people, a judge or references, not from a reward model")
        return value


@feedback_kinds.kind(RewardModelFeedback)
def reward_model(config: RewardModelFeedback) -> Source:
    """Leaves the reward model in ``reward_model`` below the sources' folder, in PEFT's format, and its accuracy on the
    held-out pairs beside it. Raises ``UserError`` where the feedback gives fewer than two questions with a pair."""

    def collect(sources: Sources) -> Collected:
        from pipelines.finetuning.preference.pairs import make_pairs
        from pipelines.finetuning.preference.reward import RewardTraining, scores, train_reward_model

        first = feedback_kinds.build(config.learn_from)(sources)
        prompts = {one.question.text: one.prompt for one in sources.sampled}
        pairs = make_pairs(first.feedback, prompts)
        questions = list(dict.fromkeys(pair.question for pair in pairs.pairs))
        if len(questions) < 2:
            raise UserError("feedback.learn_from: pairs of fewer than two questions; a reward model needs more")
        Random(sources.seed).shuffle(questions)
        held = set(questions[: max(1, min(len(questions) - 1, round(config.held_out * len(questions))))])
        network, tokenizer = sources.load()
        task = RewardTraining(
            config,
            network,
            tokenizer,
            [pair for pair in pairs.pairs if pair.question not in held],
            [pair for pair in pairs.pairs if pair.question in held],
            sources.folder / "reward_model",
            sources.base_name,
            sources.seed,
            sources.progress,
        )
        model, report = train_reward_model(task)
        known = {name: value for name, value in report.items() if name != "seconds"}
        (sources.folder / REPORT).write_text(json.dumps(known, indent=1), encoding="utf-8")
        texts = [(one.prompt, answer) for one in sources.sampled for answer in one.answers]
        given = iter(scores(model, tokenizer, [f"{prompt} {answer}\n" for prompt, answer in texts], config.batch_size))
        rows = [
            Feedback(
                question=one.question.text,
                question_id=one.question.id,
                answer=answer,
                score=next(given),
                who="ai",
                by="reward model",
            )
            for one in sources.sampled
            for answer in one.answers
        ]
        return _spent(first, rows, report, pairs.tied)

    return collect


def _spent(first: Collected, rows: list[Feedback], report: dict[str, Any], tied: int) -> Collected:
    """The verdicts of the reward model, with what its own feedback took; people's minutes stand on the first row."""
    if rows and first.minutes:
        rows = [rows[0].model_copy(update={"minutes": first.minutes}), *rows[1:]]
    measures = {
        f"reward_model_{name}": float(report[name]) for name in ("accuracy", "held_out_pairs", "training_pairs")
    }
    return replace(
        first,
        feedback=tuple(rows),
        seconds=first.seconds + report["seconds"],
        tokens=first.tokens + report["tokens"],
        counts={**first.counts, "ties the reward model did not learn from": tied},
        measures=measures,
    )
