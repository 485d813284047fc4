"""Judged metrics of an experiment: its judge is asked through the store, so no judgement is paid for twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assay.completions import answer_of, generated
from assay.fingerprint import fingerprint, stage_code
from assay.stages import Stages
from assay.store import Records
from pipelines.generation import language_models
from pipelines.records import Answer, Question
from pipelines.registry import StageConfig

if TYPE_CHECKING:
    from eval.judging import Calibration, Judged
    from eval.measured import Measured
    from eval.scores import Embed
    from pipelines.flows import Outcome
    from pipelines.generation import LanguageModel
    from pipelines.records import Prompt


def with_judgements(stages: Stages, measured: list["Measured"]) -> list["Measured"]:
    """Each configuration with what the experiment's judge says of its answers; as it is where there is no judge."""
    if stages.experiment.judge is None:
        return measured
    judging, questions = Judging(stages, stages.embed), stages.dataset.split("test")
    return [replace(one, judged=judging(questions, one.outcomes[0])) for one in measured]


class Judging:
    """The experiment's judge, measured once against human labels and then asked about configurations."""

    def __init__(self, stages: Stages, embed: "Embed") -> None:
        from eval.judging import calibrate, judge_from

        assert stages.experiment.judge is not None
        self.stages, self.embed, self.config = stages, embed, stages.experiment.judge
        llm = self.config.llm
        self.model = StoredJudge(language_models.build(llm), llm, stages.store.records("answers"))
        who = judge_from(self.model, form=self.config.form)
        with stages.progress.step("measuring the judge"):
            self.calibration: Calibration = calibrate(self.config, who, embed, stages.experiment.seed)

    def __call__(self, questions: Sequence[Question], outcome: "Outcome") -> "Judged":
        """The judged metrics of one configuration's answers, of its first training seed."""
        from eval.judging import judge

        with self.stages.progress.step("judging answers"):
            return judge(
                questions,
                outcome.answers,
                outcome.contexts,
                self.config,
                self.model,
                self.embed,
                self.stages.experiment.seed,
                calibration=self.calibration,
            )


class StoredJudge:
    """A language model whose answers are looked up in the store first. ``generate`` is all that a judge is asked."""

    def __init__(self, model: "LanguageModel", config: StageConfig, records: Records) -> None:
        self._model, self._records = model, records
        self._key = (model.identity, stage_code(config))
        self.name = model.name
        self.count_tokens = model.count_tokens
        self.chat = model.chat

    def generate(
        self, prompts: "Sequence[Prompt]", max_new_tokens: int, adapter: Path | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """As ``LanguageModel.generate``."""
        keys = [fingerprint("answer", *self._key, "", max_new_tokens, prompt) for prompt in prompts]
        known = self._records.get_many(keys)
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
        for fresh in generated(self._records, self._model, list(missing.items()), max_new_tokens, adapter):
            known.update(fresh)
        yield from ((index, answer_of(known[key])) for index, key in enumerate(keys))
