"""The tables of Mafin, on a dataset of eight documents with a tiny augmenter."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks import mafin_trainings  # noqa: E402
from benchmarks.mafin_tables import ARMS, arms, per_question, show_test, training_rows  # noqa: E402
from benchmarks.mafin_trainings import TRAINED, Bench, Trainings  # noqa: E402

PUMPS = ("kestrel", "orison", "sable", "veldt", "marten", "quill", "tamar", "lomond")

pytestmark = pytest.mark.slow


@pytest.fixture
def trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bert: Callable[..., Path]) -> Trainings:
    folder = tmp_path / "data/pumps"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": f"d{n}", "title": pump, "text": f"It weighs {n} kg."} for n, pump in enumerate(PUMPS)]
    asked = {"train": "How heavy is", "dev": "What is the weight of", "test": "Kilograms of"}
    queries = [
        {"_id": f"{split}{n}", "text": f"{words} {pump}?"}
        for split, words in asked.items()
        for n, pump in enumerate(PUMPS)
    ]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for split in asked:
        lines = "".join(f"{split}{n}\td{n}\t1\n" for n in range(len(PUMPS)))
        (folder / f"qrels/{split}.tsv").write_text(f"query-id\tcorpus-id\tscore\n{lines}", encoding="utf-8")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mafin_trainings, "DATA", tmp_path / "data")
    monkeypatch.setitem(TRAINED, "linear", {"kind": "linear_adapter", "steps": 2})
    changes = {"augmenter": {"name": str(tiny_bert(16, 1)), "max_length": 16}, "steps": 2, "queries_per_step": 4}
    return Trainings(Bench.load("pumps"), changes, tmp_path / "work")


def test_every_arm_is_scored_and_no_training_is_done_twice(
    trainings: Trainings, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = training_rows(trainings, 2, TRAINED)
    assert [row[0] for row in rows] == ["training", *TRAINED]
    found = per_question(trainings, 2, TRAINED)
    assert set(found) == {"black box", *ARMS}
    assert {name: len(runs) for name, runs in found.items() if len(runs) == 1} == {"black box": 1, "untrained": 1}
    capsys.readouterr()
    show_test(trainings, 2, TRAINED)
    printed = capsys.readouterr().out
    assert "step" not in printed  # nothing was trained again
    assert printed.count("| Mafin 1/2 - ") == 4


def test_an_arm_is_the_weighted_sum_of_its_parts(trainings: Trainings) -> None:
    scores = arms(trainings, 0, TRAINED)
    apart = (trainings.bench.black_box + scores["tuned alone"]) / 2
    assert scores["tuned apart"] == pytest.approx(apart, abs=1e-6)
    weight = trainings.measured("mafin", 0)["weight"]
    own = 2 * scores["Mafin 1/2"] - trainings.bench.black_box
    wanted = weight * trainings.bench.black_box + (1 - weight) * own
    assert np.allclose(scores["Mafin, dev"], wanted, atol=1e-5)


def test_what_is_left_out_takes_its_arms_and_contrasts_along(
    trainings: Trainings, capsys: pytest.CaptureFixture[str]
) -> None:
    show_test(trainings, 1, ["linear", "mafin"])
    printed = capsys.readouterr().out
    assert "| Mafin 1/2 - linear adapter |" in printed
    assert "alone" not in printed
    assert "apart" not in printed
    assert {folder.name.split("-")[0] for folder in (trainings.work / "pumps").iterdir()} == {
        "linear",
        "mafin",
        "start",
    }
