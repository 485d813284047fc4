"""What interventions learn: the model answers questions of train and dev, the answers are judged by their references,
and an intervention is fitted to the verdicts. Each step is kept in the store."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint, stage_code
from assay.store import Entry
from eval.metrics.answers import ANSWER_METRICS
from eval.statistics.seeds import fan_out
from pipelines.corpus.sampling import spread
from pipelines.errors import UserError
from pipelines.finetuning.preference.sampling import sample_answers
from pipelines.flows import Generate
from pipelines.generation import LanguageModel
from pipelines.generation.interventions import InterventionConfig, Judged, Judgements, interventions
from pipelines.generation.local import LocalModel
from pipelines.records import Answer, Context, Prompt, Question

if TYPE_CHECKING:
    from assay.stages import Stages

JUDGED = "judged.json"
AT_USE = {"form", "weight", "candidates"}
"""Fields that change how an intervention is used, and not what it learns."""


class Interventions:
    """The interventions of one experiment, opened when they are first needed."""

    def __init__(self, stages: "Stages") -> None:
        self.stages = stages
        self._entries: dict[tuple[str, int], Entry] = {}
        self._models: dict[str, LanguageModel] = {}

    def entry(self, configuration: Configuration, seed: int) -> Entry | None:
        """What a configuration's intervention learnt, for one training seed; ``None`` without one. Raises ``UserError``
        where the model is behind an endpoint."""
        config = configuration.intervention
        if config is None:
            return None
        if (configuration.id, seed) not in self._entries:
            self._entries[configuration.id, seed] = self._fitted(configuration, config, seed)
        return self._entries[configuration.id, seed]

    def key(self, configuration: Configuration, seed: int) -> str:
        """What answers depend on: what was learnt, and how it is used. Empty without an intervention."""
        entry, config = self.entry(configuration, seed), configuration.intervention
        return fingerprint(entry.content, config, stage_code(config)) if entry and config else ""

    def model(self, configuration: Configuration, seed: int) -> LanguageModel:
        """The configuration's language model with its intervention in it, if it has one."""
        if configuration.intervention is None:
            return self.stages.model(configuration)
        key = fingerprint(self.key(configuration, seed), self.stages.model_key(configuration))
        if key not in self._models:
            self._models[key] = self.put_into(self.stages.model(configuration), configuration, seed)
        return self._models[key]

    def put_into(self, model: LanguageModel, configuration: Configuration, seed: int) -> LanguageModel:
        """``model`` with the configuration's intervention in it; as it is where there is none."""
        entry, config = self.entry(configuration, seed), configuration.intervention
        if entry is None or config is None:
            return model
        return _local(configuration, model).with_intervention(interventions.build(config), entry.folder)

    def _fitted(self, configuration: Configuration, config: InterventionConfig, seed: int) -> Entry:
        model = _local(configuration, self.stages.model(configuration))
        adapter = self.stages.adapter(configuration, seed)
        judged, stream = self._judged(configuration, config, seed), self._stream(seed)
        settings = config.model_dump(exclude=AT_USE)
        content = (judged.content, adapter.content if adapter else "", model.identity)
        key = fingerprint("intervention", settings, stage_code(config), content, stream)

        def fit(folder: Path) -> dict[str, float]:
            from assay.tuning import give_back_memory

            rows = json.loads((judged.folder / JUDGED).read_text(encoding="utf-8"))
            train, dev = ([Judged(**row) for row in rows[split]] for split in ("train", "dev"))
            subject = model.subject(adapter.folder if adapter else None)
            with self.stages.progress.training(f"training {config.kind}") as report:
                took = dict(interventions.build(config).fit(subject, Judgements(train, dev, stream), folder, report))
            del subject
            give_back_memory()
            return {**judged.quantities, **took}

        return self.stages.compute(key, "intervention", fit)

    def _stream(self, seed: int) -> int:
        return fan_out(self.stages.experiment.seed, "intervention", str(seed)) % 2**32

    def _judged(self, configuration: Configuration, config: InterventionConfig, seed: int) -> Entry:
        adapter, model = self.stages.adapter(configuration, seed), self.stages.model(configuration)
        asked = {split: self._asked(configuration, config, seed, split) for split in ("train", "dev")}
        drawing = (config.metric, config.samples, config.temperature, self.stages.experiment.max_new_tokens)
        code = code_hash(f"{sample_answers.__module__}.drawing")
        content = (adapter.content if adapter else "", model.identity, self.stages.dataset.language)
        key = fingerprint("judged", asked, drawing, code, content, self._stream(seed))
        return self.stages.compute(key, "judged", partial(self._judge, configuration, config, seed, asked))

    def _asked(
        self, configuration: Configuration, config: InterventionConfig, seed: int, split: str
    ) -> list[tuple[Question, Prompt]]:
        """Every question without a context, and with its passages where the configuration reads some. Questions that
        the prompt shows as worked examples are left out."""
        from assay.answering import Asking, prompts_for, spread_examples
        from assay.contexts import contexts_for

        stages, train = self.stages, split == "train"
        questions = stages.training if train else stages.dataset.split("dev")
        if train and config.questions is not None:
            questions = tuple(spread(questions, config.questions, self._stream(seed)))
        template = next(one for one in stages.experiment.prompts if one.name == configuration.prompt)
        if template.examples and template.choose == "nearest":
            raise UserError(
                f"prompt {template.name}: shows a train question its own answer; take one that spreads examples"
            )
        examples = {question.id for question in spread_examples(stages, template)}
        questions = tuple(one for one in questions if one.id not in examples)
        given = [tuple(contexts_for(stages, configuration, questions, [q.text for q in questions]))]
        if configuration.retrieved or configuration.gold:
            given.append((Context(),) * len(questions))
        asking = Asking(configuration, template, seed, questions)
        prompts = [prompts_for(stages, asking, Generate(questions, contexts)) for contexts in given]
        return [(q, prompt) for some in prompts for q, prompt in zip(questions, some, strict=True)]

    def _judge(
        self,
        configuration: Configuration,
        config: InterventionConfig,
        seed: int,
        asked: dict[str, list[tuple[Question, Prompt]]],
        folder: Path,
    ) -> dict[str, float]:
        rows: dict[str, list[Judged]] = {}
        every: list[Answer] = []
        for split, pairs in asked.items():
            found = self._answers(configuration, config, seed, [prompt for _, prompt in pairs])
            every += [answer for greedy, drawn in found for answer in (greedy, *drawn)]
            rows[split] = [
                one
                for (q, prompt), (greedy, drawn) in zip(pairs, found, strict=True)
                for one in self._verdicts(config, q, prompt, greedy, drawn)
            ]
        kept = {split: [asdict(one) for one in some] for split, some in rows.items()}
        (folder / JUDGED).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        return {
            **{f"{split}_answers": float(len(some)) for split, some in rows.items()},
            **{f"{split}_answers_right": float(sum(one.label > 0 for one in some)) for split, some in rows.items()},
            "generation_seconds": sum(answer.seconds for answer in every),
            "generation_prompt_tokens": float(sum(answer.prompt_tokens for answer in every)),
            "generation_output_tokens": float(sum(answer.output_tokens for answer in every)),
        }

    def _answers(
        self, configuration: Configuration, config: InterventionConfig, seed: int, prompts: Sequence[Prompt]
    ) -> list[tuple[Answer, list[Answer]]]:
        """The greedy answer to each prompt, and the drawn ones."""
        from assay.tuning import give_back_memory

        stages, adapter = self.stages, self.stages.adapter(configuration, seed)
        model, folder = stages.model(configuration), adapter.folder if adapter else None
        length = stages.experiment.max_new_tokens
        with stages.progress.step(f"answers to judge: {len(prompts)} prompts"):
            greedy = dict(model.generate(prompts, length, folder))
            drawn: list[list[Answer]] = [[] for _ in prompts]
            if config.samples:
                drawn = sample_answers(
                    model,
                    [prompt.text for prompt in prompts],
                    samples=config.samples,
                    temperature=config.temperature,
                    max_new_tokens=length,
                    seed=self._stream(seed),
                    adapter=folder,
                )
        give_back_memory()
        return [(greedy[place], some) for place, some in enumerate(drawn)]

    def _verdicts(
        self, config: InterventionConfig, question: Question, prompt: Prompt, greedy: Answer, drawn: Sequence[Answer]
    ) -> Iterator[Judged]:
        """Each different answer once."""
        seen: set[str] = set()
        for answer in (greedy, *drawn):
            if answer.error or answer.text in seen:
                continue
            seen.add(answer.text)
            value = ANSWER_METRICS[config.metric](
                answer.text, question.answers, question.answerable, self.stages.dataset.language
            )
            if value is not None:
                yield Judged(prompt.text, answer.text, float(value), question.id, answer is greedy)


def _local(configuration: Configuration, model: LanguageModel) -> LocalModel:
    if not isinstance(model, LocalModel):
        raise UserError(
            f"configuration {configuration.id}: an intervention reads along inside a model, and {model.name} is behind "
            "an endpoint; give the configuration an llm of kind hf or embedded"
        )
    return model
