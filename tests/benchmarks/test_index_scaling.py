"""The scaling benchmark: its arithmetic, its table, and tiny runs of its contestants."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.chroma_recall import recall  # noqa: E402
from benchmarks.index_scaling import Measured, fastest, in_process, measure, parse, table  # noqa: E402
from benchmarks.vectors import DIMENSION, clustered  # noqa: E402

MIB = 2**20
OURS = Measured("bm25", 1000, 2.0, 0.5, 0.3, 3 * MIB, 100 * MIB, 150 * MIB, 7.0, 12.0)


def test_the_fastest_round_counts_for_each_time_and_the_largest_peak() -> None:
    other = replace(OURS, build=1.0, open=0.75, search=0.4, peak=160 * MIB)
    assert fastest([OURS, other]) == replace(OURS, build=1.0, peak=160 * MIB)


def test_the_table_holds_a_row_for_each_and_the_ratio_to_bm25s() -> None:
    theirs = replace(OURS, kind="bm25s", build=4.0, search=0.2)
    lines = table([OURS, theirs]).splitlines()
    assert lines[2] == "| 1,000 | bm25 | 2.00 | 0.50 | 0.30 | 3.0 | 150 | 100 |"
    assert lines[-1] == "- 1,000: bm25 / bm25s build 0.50, search 1.50; same words and scores"


@pytest.mark.parametrize("change", [{"words": 8.0}, {"scores": 12.1}])
def test_contestants_that_do_not_do_the_same_are_told(change: dict[str, float]) -> None:
    assert table([OURS, replace(OURS, kind="bm25s", **change)]).endswith("NOT the same words and scores")


def test_a_table_without_bm25s_has_no_ratio() -> None:
    assert "/" not in table([OURS]).splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--sizes", "10"], ["--kinds", "faiss"], ["--rounds", "0"]])
def test_a_wrong_option_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_our_bm25_indexes_the_same_words_and_finds_the_same_scores_as_bm25s(tmp_path: Path) -> None:
    made = {}
    for kind in ("bm25", "bm25s"):
        (tmp_path / kind).mkdir()
        made[kind] = measure(kind, 300, tmp_path / kind)
        assert made[kind].disk > 50_000
        assert made[kind].peak >= made[kind].before > 10 * MIB
    assert made["bm25"].words == made["bm25s"].words > 10_000
    assert made["bm25"].scores == pytest.approx(made["bm25s"].scores, rel=1e-5)


def test_exact_search_in_a_process_of_its_own_scores_the_largest_cosines() -> None:
    made = in_process("exact", 500)
    cosines = np.sort(clustered(160, seed=2) @ clustered(500, seed=1).T, axis=1)[:, -10:]
    assert made.scores == pytest.approx(cosines.sum(), rel=1e-4)


def test_clustered_vectors_are_unit_rows_that_lie_together() -> None:
    rows = clustered(4000, seed=1)
    assert rows.shape == (4000, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    cosines = np.sort(clustered(50, seed=2) @ rows.T, axis=1)
    # Four of 4,000 share a query's centre on average; with a noise as long as the centre their cosine is a half.
    assert 0.35 < cosines[:, -1].mean() < 0.65
    assert abs(cosines[:, :3000].mean()) < 0.05


def test_recall_is_the_share_of_the_ten_nearest_that_were_found() -> None:
    vectors = np.eye(20, dtype=np.float32)
    query = np.arange(20, 0, -1, dtype=np.float32)[None]  # the ten nearest are 0 to 9
    assert recall(vectors, query, [np.array([0, 1, 2, 15, 16])]) == pytest.approx(0.3)
    assert recall(vectors, np.repeat(query, 2, axis=0), [np.arange(10), np.arange(5)]) == pytest.approx(0.75)
