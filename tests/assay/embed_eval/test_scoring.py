import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from assay.embed_eval import Tasks, TaskScore, evaluate_embedder, parse_embedder, score_table
from assay.embed_eval.mteb_encoder import MtebEncoder
from pipelines.errors import UserError

FAKE = {"kind": "langchain", "embeddings": "langchain_core.embeddings.DeterministicFakeEmbedding"}


def test_an_embedder_is_named_by_kind_mapping_or_file(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(json.dumps(FAKE), encoding="utf-8")
    assert parse_embedder("embedded").kind == "embedded"
    assert parse_embedder("{kind: embedded, batch_size: 3}").model_dump()["batch_size"] == 3
    assert parse_embedder(str(tmp_path / "one.yaml")) == parse_embedder(json.dumps(FAKE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("embeded", "unknown embedder kind 'embeded'; did you mean 'embedded'"),
        ("{kind: embedded, batch: 3}", "embedder batch: unknown field"),
        ("{kind: [", "not valid YAML"),
        ("no/such.yaml", "there is no such file"),
        ("3", "embedder is a mapping with a kind"),
    ],
)
def test_what_is_no_embedder_is_refused(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_embedder(text)


def test_something_must_be_scored_on() -> None:
    with pytest.raises(UserError, match="name data to score on"):
        evaluate_embedder(parse_embedder("embedded"), Tasks())


def test_without_mteb_the_command_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from assay.cli import app, embed_eval, kinds  # noqa: F401 - they register commands

    monkeypatch.setattr("assay.embed_eval.scoring.find_spec", lambda name: None)
    finished = CliRunner().invoke(app, ["embed-eval", "embedded", "--sts", str(tmp_path / "sts.csv")])
    assert finished.exit_code == 2
    assert "pip install 'assay-workbench[mteb]'" in finished.output


def test_scores_are_a_row_each() -> None:
    cells = score_table("embedded", [TaskScore("stsb", "STS", "cosine_spearman", 0.82031)])
    assert cells == [
        ["embedder", "data", "task", "metric", "score"],
        ["embedded", "stsb", "STS", "cosine_spearman", "0.8203"],
    ]


class Letters:
    """An embedder whose vectors say whether a text was embedded as a query."""

    name, identity, dimension = "letters", "1", 2

    def embed_documents(self, texts: list[str]) -> Any:
        return np.array([[1.0, 0.0] for _ in texts], dtype=np.float32)

    def embed_queries(self, texts: list[str]) -> Any:
        return np.array([[0.6, 0.8] for _ in texts], dtype=np.float32)


def test_batches_are_joined_and_queries_known() -> None:
    encoder = MtebEncoder(Letters())  # type: ignore[arg-type]
    batches = [{"text": ["a", "b"]}, {"text": ["c"]}]
    documents, queries = encoder.encode(batches), encoder.encode(batches, prompt_type="query", task_metadata=None)
    assert documents.shape == (3, 2)
    np.testing.assert_allclose(encoder.similarity(documents, queries), np.full((3, 3), 0.6), rtol=1e-6)
    np.testing.assert_allclose(encoder.similarity_pairwise(documents, queries), [0.6] * 3, rtol=1e-6)


@pytest.mark.skipif(find_spec("mteb") is None, reason="mteb is an extra and not installed")
def test_mteb_scores_every_kind_of_task(tmp_path: Path) -> None:
    (tmp_path / "sts.csv").write_text("a cat,a cat,5\na cat,a dog,3\nsnow falls,pay invoices,0\n", encoding="utf-8")
    rows = [{"text": f"{word} {number}", "label": word} for word in ("cat", "invoice") for number in range(20)]
    lines = "\n".join(map(json.dumps, rows))
    (tmp_path / "groups.jsonl").write_text(lines, encoding="utf-8")
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    judged = tmp_path / "judged"
    (judged / "qrels").mkdir(parents=True)
    texts = {"cats": "The cat sleeps.", "bills": "Invoices are paid in June.", "snow": "Snow falls on the yard."}
    corpus = [{"_id": name, "title": "", "text": text} for name, text in texts.items()]
    asked = [{"_id": "a", "text": "when are invoices paid?"}, {"_id": "b", "text": "where does the snow fall?"}]
    for name, lines_of in (("corpus", corpus), ("queries", asked)):
        (judged / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines_of)), encoding="utf-8")
    grades = "query-id\tcorpus-id\tscore\na\tbills\t1\nb\tsnow\t1\n"
    (judged / "qrels" / "test.tsv").write_text(grades, encoding="utf-8")
    tasks = Tasks(
        sts=[tmp_path / "sts.csv"],
        retrieval=[judged],
        reranking=[judged],
        clustering=[tmp_path / "groups.jsonl"],
        classification=[tmp_path],
    )
    found = evaluate_embedder(parse_embedder("embedded"), tasks)
    assert [one.kind for one in found] == ["STS", "Retrieval", "Reranking", "Clustering", "Classification"]
    assert [one.score for one in found] == pytest.approx([1, 1, 1, 1, 1], abs=0.05)
