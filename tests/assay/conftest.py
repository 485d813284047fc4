"""Shared by the tests of tuning in an experiment: a tiny random model on disk, and feedback without a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest


@pytest.fixture(scope="session")
def tiny_model(tiny_llama: Callable[..., Any], tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a two-layer Llama with random weights."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_llama().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def shorter_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feedback of kind ``shorter``: a random model's answers differ in length, but none is ever right."""
    from pipelines.finetuning.preference.feedback import Collected, SampledConfig, Sources, feedback_kinds
    from pipelines.finetuning.preference.feedback.records import Feedback
    from pipelines.records import Spent
    from pipelines.registry import Kind

    class Shorter(SampledConfig):
        """Prefers short answers."""

        kind: Literal["shorter"] = "shorter"
        minutes: float = 0.0

    def build(config: Shorter) -> Callable[[Sources], Collected]:
        def collect(sources: Sources) -> Collected:
            rows = [
                Feedback(question=one.question.text, answer=answer, score=-len(answer), minutes=config.minutes)
                for one in sources.sampled
                for answer in one.answers
            ]
            return Collected(tuple(rows), Spent(10, 20, 0.5))

        return collect

    feedback_kinds.kinds()
    monkeypatch.setitem(feedback_kinds._kinds, "shorter", Kind("shorter", Shorter, build))


@pytest.fixture
def preferring(tiny_model: Path, small_dataset: Callable[[Path], dict[str, str]], tmp_path: Path) -> Callable[..., Any]:
    """Makes an experiment with one configuration ``mine`` that learns preferences; fields are the preference's."""
    from assay.loading import parse_experiment

    dataset = small_dataset(tmp_path / "data")

    def make(name: str = "pumps", metric: str = "f1", **fields: Any) -> Any:
        feedback = {"kind": "shorter", "samples": 3}
        preference = {"kind": "dpo", "feedback": feedback, "batch_size": 4, "learning_rate": 1e-3, **fields}
        return parse_experiment(
            {
                "name": name,
                "dataset": dataset,
                "llm": {"kind": "hf", "name": str(tiny_model)},
                "max_new_tokens": 6,
                "prompts": [{"name": "plain", "instruction": ""}],
                "primary_metric": metric,
                "latency": {"questions": 0},
                "forgetting": {"questions": 0},
                "configurations": [
                    {
                        "id": "mine",
                        "arm": "lora",
                        "finetuning": {"kind": "lora", "rank": 4, "epochs": 1, "learning_rate": 1e-3},
                        "preference": preference,
                    }
                ],
            },
            tmp_path / "experiment.yaml",
        )

    return make
