"""The dry run."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from assay.experiment import Experiment
from assay.loading import parse_experiment
from assay.planning import SECOND_RUN_SECONDS, SHARED_SECONDS, make_plan, plan_table
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store

ARMS = [{"arm": "closed_book"}, {"arm": "rag", "retriever": "bm25", "depth": {"grid": [1, 2]}}, {"arm": "lora"}]


@pytest.fixture
def experiment(small_dataset: Any, fake_model: Any, tmp_path: Path) -> Experiment:
    dataset = small_dataset(tmp_path / "data")
    return parse_experiment({"name": "mini", "dataset": dataset, "llm": "fake", "configurations": ARMS})


def test_plan_asks_and_makes_nothing(experiment: Experiment, fake_model: Any, tmp_path: Path) -> None:
    plan = make_plan(experiment, tmp_path / "store")
    assert [line.stored for line in plan.lines] == [
        "answers to do",
        "chunks to do, index to do, answers to do",
        "chunks to do, index to do, answers to do",
        "adapter (seed 0) to do, answers to do",
    ]
    assert fake_model.asked == []
    assert not (tmp_path / "store/entries").exists()


def test_stage_shared_by_two_configurations_is_reckoned_once(experiment: Experiment, tmp_path: Path) -> None:
    _, first, second, _ = make_plan(experiment, tmp_path / "store").lines
    only = experiment.model_copy(update={"configurations": experiment.configurations[2:3]})
    (alone,) = make_plan(only, tmp_path / "store").lines
    assert second.seconds < alone.seconds
    assert first.seconds > 0


def test_what_the_store_holds_is_said(experiment: Experiment, tmp_path: Path) -> None:
    stages = Stages(experiment, Store(tmp_path / "store"), Progress())
    stages.indexing.indexes(experiment.configurations[1])
    plan = make_plan(experiment, tmp_path / "store")
    assert plan.lines[1].stored == "chunks stored, index stored, answers to do"


def test_finished_configurations_take_no_time_where_their_stages_are_there(
    experiment: Experiment, tmp_path: Path
) -> None:
    untuned = [one for one in experiment.configurations if not one.tuned]
    experiment = experiment.model_copy(update={"configurations": tuple(untuned)})
    stages = Stages(experiment, Store(tmp_path / "store"), Progress())
    done = {stages.finished_key(c): "yesterday" for c in experiment.configurations}
    some = dict(list(done.items())[:2])
    stages.store.records("finished").put_many(some)
    part = make_plan(experiment, tmp_path / "store")
    assert [line.seconds == 0 for line in part.lines] == [True, False, False]  # an index is missing
    for configuration in untuned[1:]:
        stages.indexing.indexes(configuration)
    part = make_plan(experiment, tmp_path / "store")
    assert [line.seconds == 0 for line in part.lines] == [True, True, False]
    assert part.shared_seconds == SHARED_SECONDS
    stages.store.records("finished").put_many(done)
    whole = make_plan(experiment, tmp_path / "store")
    assert whole.minutes == SECOND_RUN_SECONDS / 60


def test_what_a_run_would_refuse_is_said(experiment: Experiment, tmp_path: Path) -> None:
    assert make_plan(experiment, tmp_path / "store").refused == ""
    probed = experiment.model_copy(update={"latency": experiment.latency.model_copy(update={"questions": 3})})
    assert make_plan(probed, tmp_path / "store").refused.startswith("latency.questions: a median takes")


def test_dollars_are_the_hours_at_the_machines_price(experiment: Experiment, tmp_path: Path) -> None:
    plan = make_plan(experiment, tmp_path / "store")
    assert plan.usd == pytest.approx(plan.minutes / 60 * 0.0816)  # small_cpu in the default price book
    dear = experiment.model_copy(update={"economics": experiment.economics.model_copy(update={"machine": "cpu_8"})})
    assert make_plan(dear, tmp_path / "store").usd == pytest.approx(4 * plan.usd)


def test_table_has_a_line_for_each_configuration_and_the_sum(experiment: Experiment, tmp_path: Path) -> None:
    plan = make_plan(experiment, tmp_path / "store")
    console = Console(width=160, file=StringIO())
    console.print(plan_table(plan))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(configuration.id in text for configuration in experiment.configurations)
    assert f"{plan.minutes:.1f} min" in text


def test_preference_tuning_is_counted_beside_the_adapter(small_dataset: Any, fake_model: Any, tmp_path: Path) -> None:
    from assay.planning import _tuning_work
    from pipelines.generation.prompts import training_pair

    dataset = small_dataset(tmp_path / "data")
    tuned = {"arm": "lora", "finetuning": {"kind": "lora", "epochs": 2}}
    preferred = {**tuned, "preference": {"kind": "dpo", "epochs": 3, "feedback": {"kind": "reference", "samples": 4}}}
    loaded = parse_experiment(
        {"name": "mini", "dataset": dataset, "llm": "fake", "configurations": [tuned, preferred], "seeds": 2}
    )
    stages = Stages(loaded, Store(tmp_path / "store"), Progress())
    pairs = [training_pair(question) for question in stages.training]
    tokens = sum(len(pair.prompt) + len(pair.completion) for pair in pairs) / 4
    adapter = tokens * 2 / 450
    drawing = tokens / 1300 + 4 * len(pairs) * 10 / 350
    learning = 2 * (4 / 3) * tokens * 3 / 450
    names, _, seconds = zip(*_tuning_work(stages, loaded.configurations[1]), strict=True)
    assert names == ("adapter (seed 0)", "preference (seed 0)", "adapter (seed 1)", "preference (seed 1)")
    assert seconds == pytest.approx((adapter, drawing + learning, adapter, drawing + learning))
    both = make_plan(loaded, tmp_path / "store").lines
    assert both[1].stored == "adapter (seed 0) to do, preference (seed 0) to do, adapter (seed 1) to do, " + (
        "preference (seed 1) to do, answers to do"
    )


def test_what_retrievers_and_interventions_learn_is_counted(
    small_dataset: Any, fake_model: Any, tmp_path: Path
) -> None:
    from assay.planning import _work

    otter = {"kind": "otter", "samples": 3, "epochs": 2, "questions": 1}
    arms = [
        {"arm": "rag", "retriever": {"kind": "onegen", "llm": "fake", "epochs": 2, "negatives": 2}, "depth": 1},
        {"arm": "rag", "retriever": {"kind": "mafin", "steps": 10, "queries_per_step": 4}, "depth": 1},
        {"arm": "rag", "retriever": "moee_virtual", "depth": 2},
        {"arm": "rag", "retriever": "bm25", "depth": 1, "intervention": otter, "prompt": "plain"},
    ]
    loaded = parse_experiment(
        {
            "name": "mini",
            "dataset": small_dataset(tmp_path / "data"),
            "llm": "fake",
            "configurations": arms,
            "prompts": [{"name": "plain"}],
        }
    )
    stages = Stages(loaded, Store(tmp_path / "store"), Progress())
    corpus = sum(len(document.text) for document in stages.dataset.documents) / 4
    train = stages.training
    question = sum(len(one.text) for one in train) / len(train) / 4
    seconds = [{name: taken for name, _, taken in _work(stages, one)} for one in loaded.configurations]
    lesson = question + 10 + 4 * 80  # an answer, and passages: read, found, two that are wrong
    assert seconds[0]["index"] == pytest.approx(2 * len(train) * lesson / 450 + corpus / 1300)
    step = 4 * (question + 2 * 80)
    assert seconds[1]["index"] == pytest.approx((2 * corpus + len(train) * question + 3 * 10 * step) / 8000)
    assert seconds[2]["index"] == pytest.approx(corpus / 1300)
    read, written = 2 * (question + 40), 2 * 4 * 10  # one question, with a passage and without, four answers each
    assert seconds[3]["intervention"] == pytest.approx(read / 1300 + written / 350 + 2 * (4 * read + written) / 450)
    assert seconds[3]["index"] == pytest.approx(corpus / 8000)
