import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.records import Chunk, Hits
from pipelines.retrieval import Search, retrievers


def chunks(texts: Sequence[str]) -> list[Chunk]:
    return [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(texts)]


def index(texts: Sequence[str], folder: Path, language: str = "en", **settings: object) -> Search:
    retriever = retrievers.build(retrievers.parse({"kind": "bm25", **settings}), language)
    retriever.build(chunks(texts), folder)
    return retriever.open(chunks(texts), folder, ())


def test_scores_are_lucenes(tmp_path: Path) -> None:
    search = index(["pump pump seal", "pump valve", "gasket"], tmp_path)
    (found,) = search(["pump"], 10)
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = 2.0  # words a chunk
    first, second = (idf * tf / (tf + 1.2 * (0.25 + 0.75 * length / mean)) for tf, length in ((2, 3), (1, 2)))
    assert found.chunk_ids == ("c0", "c1")
    assert found.scores == pytest.approx((first, second), rel=1e-5)


def test_what_shares_no_word_is_no_hit(tmp_path: Path) -> None:
    assert index(["pump", "valve"], tmp_path)(["gasket", "", "the of", "valve"], 10) == [
        Hits((), ()),
        Hits((), ()),
        Hits((), ()),
        Hits(("c1",), pytest.approx((0.316,), abs=0.01)),
    ]


def test_depth_limits_and_equal_scores_stand_in_chunk_order(tmp_path: Path) -> None:
    search = index(["pump"] * 50 + ["valve"], tmp_path)
    assert search(["pump"], 3)[0].chunk_ids == ("c0", "c1", "c2")


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("en", "The pumps are leaking", "leaked pump"),
        ("de", "Die Pumpen laufen", "Pumpe lauf"),
        ("fr", "continuer", "continua"),
    ],
)
def test_the_language_drives_the_stemmer(tmp_path: Path, language: str, text: str, query: str) -> None:
    assert index([text, "xyz"], tmp_path, language)([query], 5)[0].chunk_ids == ("c0",)


def test_stop_words_are_of_the_language(tmp_path: Path) -> None:
    texts = ["die the", "ohne"]
    assert index(texts, tmp_path / "de", "de")(["die"], 5) == [Hits((), ())]
    assert index(texts, tmp_path / "en", "en")(["die"], 5)[0].chunk_ids == ("c0",)


def test_a_language_without_stemmer_is_indexed_as_it_is(tmp_path: Path) -> None:
    search = index(["насоси працюють", "клапан"], tmp_path, "uk")
    assert search(["насоси"], 5)[0].chunk_ids == ("c0",)
    assert search(["насос"], 5)[0].chunk_ids == ()


def test_one_letter_words_and_digits_count(tmp_path: Path) -> None:
    assert index(["vitamin D", "vitamin C", "page 7"], tmp_path)(["d", "7"], 1) == [
        Hits(("c0",), pytest.approx((0.49,), abs=0.1)),
        Hits(("c2",), pytest.approx((0.49,), abs=0.1)),
    ]


@pytest.mark.parametrize("texts", [[], [""], ["the of"]])
def test_chunks_without_words_find_nothing(tmp_path: Path, texts: list[str]) -> None:
    assert index(texts, tmp_path)(["pump"], 5) == [Hits((), ())]


def test_the_index_holds_arrays_and_json_only(tmp_path: Path) -> None:
    index(["pump seal"], tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}


SCRIPT = """
import hashlib, sys
from pathlib import Path
from pipelines.records import Chunk
from pipelines.retrieval import retrievers
folder = Path(sys.argv[1])
texts = ["pump seal valve", "valve gasket hose pump", "steel pipe"]
chunks = [Chunk(str(n), "d", 0, 1, text, text) for n, text in enumerate(texts)]
retrievers.build(retrievers.parse("bm25"), "en").build(chunks, folder)
print([hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())])
"""


def test_equal_chunks_give_equal_files_in_every_process(tmp_path: Path) -> None:
    outputs = set()
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / seed)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
            env={"PYTHONHASHSEED": seed},
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
