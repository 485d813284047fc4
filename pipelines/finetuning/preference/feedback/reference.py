"""Verdicts without people: sampled answers are scored against the train split's accepted answers.

The preferred answer is the model's own best attempt and not the reference text, so tuning stays close to what the
model can say.
"""

from typing import Literal

from pydantic import Field

from pipelines.finetuning.preference.feedback import Collected, SampledConfig, Source, Sources, feedback_kinds
from pipelines.finetuning.preference.feedback.records import Feedback


class ReferenceFeedback(SampledConfig):
    """Sampled answers scored against the accepted answers of the train split."""

    kind: Literal["reference"] = "reference"
    metric: Literal["f1", "correct", "exact_match", "contains", "rouge_l"] = Field(
        "f1", description="what an answer is scored by"
    )


@feedback_kinds.kind(ReferenceFeedback)
def reference(config: ReferenceFeedback) -> Source:
    def collect(sources: Sources) -> Collected:
        rows = [
            Feedback(
                question=one.question.text,
                question_id=one.question.id,
                answer=answer,
                score=sources.score(config.metric, one.question, answer),
                who="ai",
                by=config.metric,
            )
            for one in sources.sampled
            for answer in one.answers
        ]
        return Collected(tuple(rows))

    return collect
