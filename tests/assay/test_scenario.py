"""A tiny run, with a model that remembers the facts of the day before, and its money reckoned again from its files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import assay
from assay.runner import run_experiment
from assay.scenario_tables import as_markdown
from eval.economics.statement import Statement
from eval.results import Results
from pipelines.errors import UserError

EXAMPLE = Path(__file__).parents[2] / "configs/scenarios/support_desk.yaml"
EXPERIMENT = {
    "name": "tiny",
    "dataset": {"kind": "builtin"},
    "sample": {"test": 90, "dev": 6, "train": 6},
    "llm": "fake",
    "prompts": [{"name": "plain", "examples": 0, "instruction": ""}],
    "latency": {"questions": 0},
    "economics": {"churn_per_month": 0.05, "reindex_months": 3},
    "configurations": [
        {"arm": "closed_book"},
        {"arm": "rag", "retriever": "bm25", "depth": 3},
        {"arm": "rag", "retriever": "bm25", "depth": 1},
        {"arm": "gold_context"},
    ],
}


def remembering() -> Callable[[str], str]:
    """Answers with what its prompt says; else, with what was so before any fact changed, if that is a name."""
    from pipelines.corpus.builtin import BuiltinDataset, builtin

    worlds = [builtin(BuiltinDataset(changed_facts=count))() for count in (24, 0)]
    answers = [{q.text: q.answers[0] for q in world.questions if q.answerable} for world in worlds]

    def reply(text: str) -> str:
        asked = next((question for question in answers[0] if question in text), "")
        now, then = (known.get(asked, "") for known in answers)
        if now and now in text:
            return now
        return then if (then and then in text) or then.isalpha() else "unknown"

    return reply


@pytest.fixture(scope="module")
def made() -> dict[str, Path]:
    """The folder of the run, once it is made."""
    return {}


@pytest.fixture
def folder(made: dict[str, Path], fake_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if "run" not in made:
        fake_model.reply = remembering()
        root = tmp_path_factory.mktemp("scenario")
        experiment = assay.load_experiment(EXPERIMENT)
        made["run"] = run_experiment(experiment, store=root / "store", runs=root / "runs", tracking=False).folder
        shutil.copytree(made["run"], root / "kept")
        made["kept"] = root / "kept"
    return made["run"]


def test_own_scenario_gives_exactly_the_runs_own_numbers(folder: Path, made: dict[str, Path]) -> None:
    results, kept = Results.load(folder / "results.json"), made["kept"]
    statement = assay.roi(folder)
    assert (folder / "roi.json").read_bytes() == (kept / "roi.json").read_bytes()
    assert (folder / "roi.md").read_bytes() == (kept / "roi.md").read_bytes()
    for line, one in zip(statement.configurations, results.configurations, strict=True):
        assert (line.id, line.cost, line.roi) == (one.id, one.cost, one.roi)
    assert statement.break_even == results.break_even
    assert statement.recommendation == results.recommendation
    assert (statement.tornado, statement.decision_map) == (results.tornado, results.decision_map)
    assert statement.scenario == results.scenario
    for place, reason in statement.absent.items():
        assert results.absent.get(f"configurations.{place}") == reason


def test_no_model_is_asked_again(folder: Path, fake_model: Any) -> None:
    fake_model.batches.clear()
    assay.roi(folder, EXAMPLE)
    assert fake_model.asked == []


def test_example_scenario_is_reckoned_and_marked(folder: Path) -> None:
    statement = assay.roi(folder, EXAMPLE)
    assert Statement.model_validate_json((folder / "roi.json").read_text(encoding="utf-8")) == statement
    assert statement.scenario.questions_per_month == 60_000
    (note,) = statement.extrapolations
    documents = Results.load(folder / "results.json").dataset.documents
    assert note.factor == 5000 / documents
    lines = {line.id: line for line in statement.configurations}
    assert lines["rag-bm25-k3"].extrapolated == ("index_usd", "hosting_usd_month")
    assert lines["closed_book"].extrapolated == ()
    assert lines["rag-bm25-k3"].cost.machines_at_peak == 1  # 0.5 a second of 0.01 s each
    assert lines["closed_book"].cost.hosting_usd_month == pytest.approx(730 * 1.006 + 6 * 48.05)


def test_index_of_a_larger_corpus_costs_in_proportion(folder: Path) -> None:
    documents = Results.load(folder / "results.json").dataset.documents
    once = assay.roi(folder).configurations[1].cost
    tenfold = assay.roi(folder, {"corpus_documents": 10 * documents}).configurations[1].cost
    assert tenfold.index_usd == pytest.approx(10 * once.index_usd)
    assert tenfold.hosting_usd_month == pytest.approx(10 * once.hosting_usd_month)
    assert tenfold.per_1k_questions_usd == once.per_1k_questions_usd


def test_extrapolated_figures_are_marked_in_the_tables(folder: Path) -> None:
    plain, larger = (as_markdown(assay.roi(folder, scenario)) for scenario in (None, {"corpus_documents": 9999}))
    assert "(x)" not in plain
    assert "EXTRAPOLATED (x): indexing and its storage for 9,999 documents" in larger
    costs = larger.split("## What it costs")[1].split("##")[0]
    rows = {row.split(" | ")[0]: row.split(" | ") for row in costs.splitlines()}
    assert all("(x)" in cell for cell in rows["| rag-bm25-k3"][1:3])
    assert "(x)" not in rows["| rag-bm25-k3"][3]
    assert not any("(x)" in cell for cell in rows["| closed_book"])
    for title in (
        "Cost over time",
        "Return on investment",
        "Break-even",
        "What moves",
        "Who wins where",
        "Recommendation",
    ):
        (heading,) = (line for line in larger.splitlines() if line.startswith(f"## {title}"))
        assert heading.endswith("(x)")


def test_return_against_an_extrapolated_status_quo_is_marked_too(folder: Path) -> None:
    text = as_markdown(assay.roi(folder, {"corpus_documents": 9999, "status_quo": "rag-bm25-k3"}))
    returns = text.split("## Return on investment")[1].split("##")[0]
    (closed,) = (row for row in returns.splitlines() if row.startswith("| closed_book"))
    assert "(x)" in closed


def test_stale_weights_lose_what_a_fresh_index_keeps(folder: Path) -> None:
    staleness = Results.load(folder / "results.json").staleness
    assert staleness is not None
    assert set(staleness.configurations) == {"closed_book", "rag-bm25-k3"}  # representatives, without the gold arm
    assert (staleness.facts, staleness.questions >= 5) == (24, True)
    closed, rag = (staleness.configurations[name] for name in ("closed_book", "rag-bm25-k3"))
    assert rag.before.mean > 0.5
    assert rag.refreshed.mean == rag.before.mean  # the new facts are found as well as the old ones
    assert rag.untouched.mean == 0.0
    assert rag.lost_by_index.value == pytest.approx(rag.refreshed.mean)
    assert closed.before.mean > closed.refreshed.mean == closed.untouched.mean == 0.0
    assert (closed.lost_by_index.low, closed.lost_by_index.high) == (0.0, 0.0)


def test_fresh_index_loses_less_the_more_often_it_is_made_again(folder: Path) -> None:
    lost = [
        assay.roi(folder, {"churn_per_month": 0.1, "reindex_months": months}).configurations[1].stale.value
        for months in (1, 6, None)
    ]
    assert lost == sorted(lost)
    assert lost[0] < lost[2]
    assert assay.roi(folder, {"churn_per_month": 0}).configurations[1].stale.value == 0.0


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    from assay.cli import app, roi  # noqa: F401 - it registers the command

    return lambda *arguments: CliRunner().invoke(app, ["roi", *map(str, arguments)], env={"COLUMNS": "160"})


def test_command_prints_every_part_and_writes_the_files(folder: Path, command: Callable[..., Any]) -> None:
    finished = command(folder, "--scenario", EXAMPLE)
    assert finished.exit_code == 0, finished.output
    for title in ("What it costs", "Return on investment", "Break-even", "What moves", "Who wins where"):
        assert title in finished.stdout
    assert json.loads((folder / "roi.json").read_text(encoding="utf-8"))["scenario"]["horizon_months"] == 24
    assert json.loads(command(folder, "--json").stdout)["scenario"]["horizon_months"] == 12


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ("questions_per_month: 0", "s.yaml:1: questions_per_month: input should be greater than 0, not 0"),
        ("model_parameters: 7e9", "model_parameters: the run did not record how many weights"),
        ("status_quo: rga", "scenario.status_quo: unknown status quo 'rga'"),
        ("machine: gpu", "price book 'scenario-2026' has no machine 'gpu'; "),
    ],
)
def test_bad_scenario_is_one_clear_line(
    folder: Path, command: Callable[..., Any], tmp_path: Path, scenario: str, message: str
) -> None:
    (tmp_path / "s.yaml").write_text(scenario + "\n", encoding="utf-8")
    finished = command(folder, "--scenario", tmp_path / "s.yaml")
    assert finished.exit_code == 2
    assert finished.stderr.replace(f"{tmp_path}/", "").startswith(f"assay: {message}")
    assert finished.stderr.count("\n") == 1


def test_folder_without_usage_says_how_to_get_it(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    (tmp_path / "old/usage.json").unlink()
    with pytest.raises(UserError, match=r"usage.json: not there; run the experiment again"):
        assay.roi(tmp_path / "old")
    (tmp_path / "old/usage.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"usage.json: economics: Field required"):
        assay.roi(tmp_path / "old")
