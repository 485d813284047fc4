"""A separate reward model of the base's own size, as in ARGS (Khanov et al. 2024): what an inserted signal replaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.effort import Effort, Volume
from pipelines.errors import UserError
from pipelines.generation.interventions import (
    Intervention,
    InterventionConfig,
    Judged,
    Judgements,
    Subject,
    interventions,
)
from pipelines.learning import Report

if TYPE_CHECKING:
    from pipelines.finetuning.preference import PreferencePair
    from pipelines.generation.decoding import Decoder


class SeparateRewardModel(InterventionConfig):
    """A second model of the base's size, tuned to reward right answers; it reads every text anew."""

    kind: Literal["reward_model"] = "reward_model"
    rank: int = Field(8, ge=1, description="rank of its adapter matrices")
    learning_rate: float = Field(5e-4, gt=0, description="peak learning rate of AdamW")
    epochs: int = Field(3, ge=1, description="passes over the pairs")
    batch_size: int = Field(8, ge=1, description="pairs that are computed together")
    max_length: int = Field(1024, ge=2, description="longest prompt with an answer in tokens; never cut")
    weight: float = Field(0.0, ge=0, description="how much its reward counts beside a token's logit; 0 only listens")
    candidates: int = Field(10, ge=2, description="likeliest tokens it chooses among; with a weight")

    def effort(self, volume: Volume) -> Effort:
        """As every intervention; and the reward model is trained on all answers with their prompts."""
        return self._trained(volume, self.epochs)


@interventions.kind(SeparateRewardModel)
def reward_model(config: SeparateRewardModel) -> Intervention:
    return RewardModelIntervention(config)


@dataclass(frozen=True)
class RewardModelIntervention:
    """An ``Intervention``."""

    config: SeparateRewardModel

    def fit(
        self, subject: Subject, judgements: Judgements, folder: Path, report: Report | None = None
    ) -> Mapping[str, float]:
        """Train on pairs of answers to one prompt; calibrate on dev. Raises ``UserError`` where train or dev has no two
        answers to a prompt of which one is better."""
        from pipelines.finetuning.preference.reward import RewardTraining, scores, train_reward_model
        from pipelines.generation.calibration import calibrate

        pairs, held = (preferences(some) for some in (judgements.train, judgements.dev))
        if not pairs or not held:
            raise UserError(
                "intervention reward_model: train and dev each need two answers to one prompt of which one is better; "
                "draw more samples"
            )
        base = sum(parameter.numel() for parameter in subject.network.parameters())
        started = perf_counter()
        task = RewardTraining(
            self.config,
            subject.network,
            subject.tokenizer,
            pairs,
            held,
            folder / "reward_model",
            subject.name,
            judgements.seed,
            report,
        )
        model, took = train_reward_model(task)
        texts = [as_text(one.prompt, one.answer) for one in judgements.calibration]
        found = scores(model, subject.tokenizer, texts, self.config.batch_size)
        log_loss = calibrate(found, [one.label for one in judgements.calibration], folder)
        return {**took, "seconds": perf_counter() - started, "parameters": float(base), "log_loss": log_loss}

    def decoder(self, subject: Subject, folder: Path) -> "Decoder":
        """The model beside the reward model of ``folder``."""
        from pipelines.generation.reward_guided import RewardGuided

        return RewardGuided(subject, folder, self.config.weight, self.config.candidates)


def preferences(judged: "tuple[Judged, ...] | Any") -> "list[PreferencePair]":
    """The best against the worst answer to each prompt, where they differ."""
    from pipelines.finetuning.preference import PreferencePair

    by_prompt: dict[str, list[Judged]] = {}
    for one in judged:
        by_prompt.setdefault(one.prompt, []).append(one)
    pairs = []
    for prompt, answers in by_prompt.items():
        spoken = [one for one in answers if one.answer.strip()]
        if not spoken:
            continue
        best, worst = max(spoken, key=lambda one: one.label), min(spoken, key=lambda one: one.label)
        if best.label > worst.label:
            pairs.append(PreferencePair(prompt, f" {best.answer}\n", f" {worst.answer}\n", best.question_id, prompt))
    return pairs


def as_text(prompt: str, answer: str) -> str:
    """What the reward model reads."""
    return f"{prompt} {answer}\n"
