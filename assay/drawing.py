"""Answers drawn to training questions, for feedback: each set of draws is kept in the store."""

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint
from assay.store import Entry
from pipelines.corpus.sampling import spread
from pipelines.finetuning.preference.feedback import Sampled, SampledConfig
from pipelines.finetuning.preference.sampling import sample_answers
from pipelines.registry import StageConfig

if TYPE_CHECKING:
    from assay.stages import Stages

SAMPLES = "samples.json"


@dataclass(frozen=True)
class Start:
    """Where a preference tuning begins: an adapter, and the random stream that everything in it draws from."""

    adapter: Entry
    stream: int


def draw_answers(stages: "Stages", configuration: Configuration, start: Start, config: StageConfig) -> Entry | None:
    """Answers of the start's adapter to training questions; ``None`` where the feedback needs none."""
    if not isinstance(config, SampledConfig):
        return None
    asked, model = _asked(stages, configuration, config, start.stream), stages.model(configuration)
    drawing = [config.samples, config.temperature, stages.experiment.max_new_tokens, start.stream]
    code = code_hash(f"{sample_answers.__module__}.drawing")
    key = fingerprint("samples", drawing, code, model.identity, start.adapter.content, asked)
    return stages.compute(key, "samples", partial(_draw, stages, configuration, start, config, asked))


def read_answers(stages: "Stages", drawn: Entry | None) -> list[Sampled]:
    """What an entry of ``draw_answers`` holds."""
    if drawn is None:
        return []
    known = {question.id: question for question in stages.training}
    rows = json.loads((drawn.folder / SAMPLES).read_text(encoding="utf-8"))
    return [Sampled(row["prompt"], replace(known[row["id"]], text=row["text"]), tuple(row["answers"])) for row in rows]


def _asked(stages: "Stages", configuration: Configuration, config: SampledConfig, stream: int) -> list[Sampled]:
    """Training prompts that ask questions of the train split, one for each wording."""
    questions = spread(stages.training, config.questions or len(stages.training), stream)
    known = {question.id: question for question in questions}
    prompts: dict[str, Sampled] = {}
    for pair in stages.tuning.training_set(configuration)[1].pairs:
        if pair.question_id in known and pair.question:
            question = replace(known[pair.question_id], text=pair.question)
            prompts.setdefault(pair.question, Sampled(pair.prompt, question, ()))
    return list(prompts.values())


def _draw(
    stages: "Stages",
    configuration: Configuration,
    start: Start,
    config: SampledConfig,
    asked: list[Sampled],
    folder: Path,
) -> dict[str, float]:
    from assay.tuning import give_back_memory

    with stages.progress.step(f"drawing {config.samples} answers to each of {len(asked)} questions"):
        drawn = sample_answers(
            stages.model(configuration),
            [one.prompt for one in asked],
            samples=config.samples,
            temperature=config.temperature,
            max_new_tokens=stages.experiment.max_new_tokens,
            seed=start.stream,
            adapter=start.adapter.folder,
        )
    give_back_memory()
    rows = [
        {
            "prompt": one.prompt,
            "id": one.question.id,
            "text": one.question.text,
            "answers": list(dict.fromkeys(answer.text for answer in some if answer.text)),
        }
        for one, some in zip(asked, drawn, strict=True)
    ]
    (folder / SAMPLES).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    every = [answer for some in drawn for answer in some]
    return {
        "model_seconds": sum(answer.seconds for answer in every),
        "prompt_tokens": float(sum(answer.prompt_tokens for answer in every)),
        "output_tokens": float(sum(answer.output_tokens for answer in every)),
    }
