"""Preference tuning of an adapter: answers are drawn, judged, paired and learnt, each step kept in the store."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.drawing import Start, draw_answers, read_answers
from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint, stage_code
from assay.store import Entry
from eval.leakage import leaking_texts
from eval.metrics.answers import ANSWER_METRICS
from eval.statistics.seeds import fan_out
from pipelines.finetuning.preference import PreferenceConfig, PreferencePair, PreferenceTask, preferences
from pipelines.finetuning.preference.feedback import Collected, Sources, feedback_kinds
from pipelines.finetuning.preference.feedback.records import Feedback, as_line
from pipelines.finetuning.preference.pairs import make_pairs
from pipelines.records import Answer, Prompt, Question, Spent
from pipelines.registry import StageConfig
from pipelines.tools import Complete

if TYPE_CHECKING:
    from assay.stages import Stages

FEEDBACK, PAIRS, CARD = "feedback.jsonl", "pairs.json", "card.json"


class Preferences:
    """What adapters of one experiment learn of which answers are better."""

    def __init__(self, stages: "Stages") -> None:
        self.stages = stages

    def adapter(self, configuration: Configuration, seed: int, start: Entry, *, stream: str = "") -> Entry:
        """The adapter that ``start`` becomes; ``stream`` names a round of several. Its quantities hold everything that
        was spent on it, supervised tuning and earlier rounds included."""
        config, model = configuration.preference, self.stages.model(configuration)
        assert isinstance(config, PreferenceConfig)
        begin = self.start(seed, start, stream)
        judged = self.pairs(configuration, begin)
        pairs = [PreferencePair(**row) for row in json.loads((judged.folder / PAIRS).read_text(encoding="utf-8"))]
        settings = config.model_dump(exclude={"feedback"})
        code = code_hash(type(config).__module__)
        key = fingerprint("preference", settings, code, model.identity, start.content, pairs, begin.stream)

        def train(folder: Path) -> dict[str, float]:
            from assay.tuning import give_back_memory

            network, tokenizer = model.trainable()
            with self.stages.progress.training(f"preferences, seed {seed}") as report:
                task = PreferenceTask(network, tokenizer, pairs, start.folder, folder, model.name, begin.stream, report)
                took = dict(preferences.build(config)(task))
            del network, task
            give_back_memory()
            return _whole_cost(took, begin, judged)

        return self.stages.compute(key, "adapter", train)

    def start(self, seed: int, adapter: Entry, stream: str = "") -> Start:
        """Where ``adapter`` begins."""
        return Start(adapter, fan_out(self.stages.experiment.seed, "preference", str(seed), stream) % 2**32)

    def pairs(self, configuration: Configuration, start: Start) -> Entry:
        """Verdicts, the pairs they make, and in ``card.json`` what was left out."""
        config = configuration.preference
        assert isinstance(config, PreferenceConfig)
        drawn = draw_answers(self.stages, configuration, start, config.feedback)
        model = self.stages.model(configuration)
        made_of = [drawn.content if drawn else "", model.identity, start.stream, self._held_out_key()]
        code = (stage_code(config.feedback), code_hash(make_pairs.__module__))
        key = fingerprint("preference_pairs", config.feedback, code, made_of, self.stages.dataset.language)
        return self.stages.compute(key, "preference_pairs", partial(self._judge, configuration, start, drawn))

    def _judge(self, configuration: Configuration, start: Start, drawn: Entry | None, folder: Path) -> dict[str, float]:
        config = configuration.preference
        assert isinstance(config, PreferenceConfig)
        model, sampled = self.stages.model(configuration), read_answers(self.stages, drawn)
        with self.stages.progress.training("feedback") as report:
            sources = Sources(
                sampled, self._score, self._complete, model.trainable, model.name, folder, start.stream, report
            )
            found = feedback_kinds.build(config.feedback)(sources)
        kept = self._without_leaks(found.feedback)
        made = make_pairs(kept, {one.question.text: one.prompt for one in sampled})
        (folder / FEEDBACK).write_text("".join(map(as_line, found.feedback)), encoding="utf-8")
        rows = [asdict(pair) for pair in made.pairs]
        (folder / PAIRS).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        left = {
            "verdicts on questions of dev or test": len(found.feedback) - len(kept),
            "questions that tie": made.tied,
        }
        counts = {"questions": len(sampled), "verdicts": len(kept), "pairs": len(made.pairs)}
        card = {**counts, "left out": {**left, **found.counts}, "measures": dict(found.measures)}
        (folder / CARD).write_text(json.dumps(card, indent=1), encoding="utf-8")
        return _judging_cost(found, drawn, card["pairs"], feedback_api(configuration))

    def _without_leaks(self, feedback: tuple[Feedback, ...]) -> list[Feedback]:
        """Verdicts on questions that neither dev nor test asks."""
        leaking = leaking_texts((row.question for row in feedback), self._held_out())
        return [row for row in feedback if row.question not in leaking]

    def _held_out(self) -> tuple[Question, ...]:
        return self.stages.dataset.split("dev") + self.stages.dataset.split("test")

    def _held_out_key(self) -> str:
        return fingerprint([question.text for question in self._held_out()])

    def _score(self, metric: str, question: Question, answer: str) -> float:
        value = ANSWER_METRICS[metric](answer, question.answers, question.answerable, self.stages.dataset.language)
        return 0.0 if value is None else value

    def _complete(self, config: StageConfig) -> tuple[Any, Complete]:
        """Another language model, asked through the store."""
        from assay.judging import StoredJudge
        from pipelines.generation import language_models

        judge = StoredJudge(language_models.build(config), config, self.stages.store.records("answers"))

        def complete(prompts: Sequence[Prompt], length: int) -> list[Answer]:
            return [answer for _, answer in sorted(judge.generate(prompts, length), key=lambda one: one[0])]

        return judge, complete


def feedback_api(configuration: Configuration) -> str:
    """The model that grades the answers a configuration learns from, where it is paid by the token; else empty."""
    from pipelines.generation import language_models

    llm = getattr(getattr(configuration.preference, "feedback", None), "llm", None)
    if not isinstance(llm, StageConfig):
        return ""
    judge = language_models.build(llm)
    return judge.name if judge.paid_by_token else ""


def _judging_cost(found: Collected, drawn: Entry | None, pairs: Any, api: str) -> dict[str, float]:
    """What drawing and judging took. A judge on this machine costs seconds, as drawing does; an ``api`` tokens."""
    sampling, judging = drawn.quantities if drawn else {}, Spent() if api else found.spent
    return {
        "pairs": float(pairs),
        "reviewer_minutes": found.minutes,
        "generation_seconds": sampling.get("model_seconds", 0.0) + judging.seconds,
        "generation_prompt_tokens": sampling.get("prompt_tokens", 0.0) + judging.prompt_tokens,
        "generation_output_tokens": sampling.get("output_tokens", 0.0) + judging.output_tokens,
        "feedback_prompt_tokens": float(found.spent.prompt_tokens) if api else 0.0,
        "feedback_output_tokens": float(found.spent.output_tokens) if api else 0.0,
        "reward_seconds": found.seconds,
        "reward_tokens": found.tokens,
        **found.measures,
    }


def _whole_cost(took: dict[str, float], start: Start, judged: Entry) -> dict[str, float]:
    """Quantities of an adapter with those of the adapter it comes from, and of the feedback between them."""
    before, between = start.adapter.quantities, judged.quantities
    summed = [
        "reviewer_minutes",
        *(f"generation_{name}" for name in ("seconds", "prompt_tokens", "output_tokens")),
        *(f"feedback_{name}" for name in ("prompt_tokens", "output_tokens")),
    ]
    return {
        **took,
        "preference_seconds": took["seconds"],
        "seconds": took["seconds"] + before["seconds"] + between["reward_seconds"],
        "tokens": took["tokens"] + before["tokens"] + between["reward_tokens"],
        "pairs": between["pairs"],
        **{name: before.get(name, 0.0) + between[name] for name in summed},
    }
