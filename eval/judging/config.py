"""What an experiment says about judging."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo

from pipelines.generation import LanguageModelField
from pipelines.registry import Closed

Metric = Literal["faithfulness", "answer_relevancy", "context_precision", "context_recall", "factual_correctness"]
METRICS: tuple[Metric, ...] = get_args(Metric)


def _beside_experiment(path: str, info: ValidationInfo) -> str:
    return str(Path((info.context or {}).get("folder", "."), path))


def _distinct(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    return tuple(dict.fromkeys(metrics))


class JudgeConfig(Closed):
    """A language model that judges answers and passages, and what it is asked."""

    llm: LanguageModelField = Field(
        description="the judge; one that also answers in the experiment would judge its own work"
    )
    metrics: Annotated[tuple[Metric, ...], AfterValidator(_distinct)] = Field(
        default=METRICS, min_length=1, description="what is judged"
    )
    calibration: Annotated[str, AfterValidator(_beside_experiment)] | None = Field(
        default=None,
        description="JSONL file of human labels the judge is measured on, relative to the experiment's; "
        "without it the scores say that the judge was not measured",
    )
    form: Literal["chat", "completion"] = Field(
        default="chat",
        description="ask in the judge's chat template, or as a text to continue, which small models do better at",
    )
    repeats: int = Field(
        default=2, ge=1, le=5, description="how often each judgement is asked for, in other words each time"
    )
    sample: int | None = Field(
        default=100, ge=1, description="judge so many questions, drawn by the seed; empty for all of them"
    )
    max_new_tokens: int = Field(
        default=1024, ge=16, description="where a judge's reply is cut; a reply cut short cannot be read"
    )
