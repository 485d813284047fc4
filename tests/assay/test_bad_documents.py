"""Documents and questions as they come: a run ends in results, or in one clear line with exit code 2."""

import json
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from typer.testing import CliRunner

from pipelines.errors import UserError

HELLO = {
    "am": "ሰላም ለዓለም", "ar": "مرحبا بالعالم", "az": "Salam dünya", "be": "Прывітанне, свет", "bg": "Здравей, свят",
    "bn": "ওহে বিশ্ব", "ca": "Hola món", "cs": "Ahoj světe", "cy": "Helo byd", "da": "Hej verden",
    "de": "Hallo Welt", "el": "Γειά σου Κόσμε", "en": "Hello world", "eo": "Saluton mondo", "es": "Hola mundo",
    "et": "Tere maailm", "eu": "Kaixo mundua", "fa": "سلام دنیا", "fi": "Hei maailma", "fr": "Bonjour le monde",
    "ga": "Dia duit a dhomhain", "gu": "હેલો વિશ્વ", "he": "שלום עולם", "hi": "नमस्ते दुनिया", "hr": "Pozdrav svijete",
    "hu": "Helló világ", "hy": "Բարեւ աշխարհ", "id": "Halo dunia", "is": "Halló heimur", "it": "Ciao mondo",
    "ja": "こんにちは世界", "ka": "გამარჯობა სამყარო", "kk": "Сәлем әлем", "km": "សួស្តី​ពិភពលោក", "ko": "안녕 세상",
    "lo": "ສະບາຍດີຊາວໂລກ", "lt": "Labas pasauli", "lv": "Sveika pasaule", "ml": "ഹലോ വേൾഡ്", "mn": "Сайн уу дэлхий",
    "my": "မင်္ဂလာပါကမ္ဘာလောက", "pl": "Witaj świecie", "ru": "Привет, мир", "si": "හෙලෝ වර්ල්ඩ්", "ta": "வணக்கம் உலகம்",
    "te": "హలో వరల్డ్", "th": "สวัสดีชาวโลก", "tr": "Merhaba dünya", "uk": "Привіт, світ", "zh": "你好世界",
}  # fmt: skip
EMOJI = "😀 🚀 👩‍👩‍👧‍👦 🇩🇪 ✅ ok"
CONTROL = "The valve\x00 is\x01 purple\x1b[31m\x7f and\x0c cold\u202e\u200b\ufeff.\r\nIt\x85leaks\u2028now."
PAGE = (
    "<html><head><script>alert('scripted')</script><style>p {color: red}</style></head>"
    "<body onload='x()'><h1>Seal</h1><p>The seal is <b>rubber</b>.</p>"
    "<script>document.write('scripted')</script></body>"
)


class Corpus:
    """An experiment over the small dataset, to which documents and questions are added."""

    def __init__(self, root: Path, dataset: dict[str, str]) -> None:
        self.root = root
        self.documents, self.questions = Path(dataset["documents"]), Path(dataset["questions"])
        self.data: dict[str, Any] = {
            "name": "odd",
            "dataset": dataset,
            "llm": {"kind": "fake"},
            "prompts": [{"name": "plain", "instruction": ""}],
            "latency": {"questions": 0},
        }

    def add(self, name: str, text: str, encoding: str = "utf-8") -> None:
        (self.documents / name).write_bytes(text.encode(encoding))

    def ask(self, *texts: str) -> None:
        """Add questions to test."""
        rows = [{"question": text, "answer": "purple", "split": "test"} for text in texts]
        with self.questions.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def run(self, *configurations: dict[str, Any]) -> Any:
        """What the run found. A configuration is given without its arm."""
        from assay.loading import parse_experiment
        from assay.runner import run_experiment

        arms = [{"arm": "closed_book"}, *({"arm": "rag", **one} for one in configurations)]
        experiment = parse_experiment({**self.data, "configurations": arms})
        return run_experiment(experiment, store=self.root / "store", runs=self.root / "runs", tracking=False)


@pytest.fixture
def corpus(tmp_path: Path, small_dataset: Any, fake_model: Any) -> Corpus:
    return Corpus(tmp_path, small_dataset(tmp_path / "data"))


def overlapping_words(documents: list[Any]) -> Any:
    """A LangChain retriever without an index: documents by the number of words they share with the query."""
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Overlap(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            words = set(query.split())
            return sorted(documents, key=lambda one: -len(words & set(one.page_content.split())))

    return Overlap()


def overlapping_nodes(nodes: list[Any]) -> Any:
    """The same as a LlamaIndex retriever."""
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle

    class Overlap(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            words = set(query_bundle.query_str.split())
            scored = [NodeWithScore(node=one, score=float(len(words & set(one.text.split())))) for one in nodes]
            return sorted(scored, key=lambda one: -(one.score or 0.0))

    return Overlap()


WEIGHTLESS: dict[str, Any] = {
    "bm25": {"kind": "bm25"},
    "langchain": {"kind": "langchain", "factory": f"{__name__}:overlapping_words"},
    "llama_index": {"kind": "llama_index", "factory": f"{__name__}:overlapping_nodes"},
    "graph": {"kind": "graph", "passages": "bm25"},
    "hybrid": {"kind": "hybrid", "parts": ["bm25", {"kind": "graph", "passages": "bm25"}]},
}
"""Retrievers that need no weights, over a corpus that none of them has seen the like of."""


@pytest.mark.slow
def test_odd_documents_and_questions_end_in_results(corpus: Corpus, fake_model: Any) -> None:
    corpus.add("letter.md", "x")
    corpus.add("wide.txt", "The gasket is purple, été.", "utf-16")
    corpus.add("languages.md", "\n".join(f"{code}: {text}. {text}!" for code, text in HELLO.items()))
    corpus.add("emoji.md", EMOJI)
    corpus.add("control.txt", CONTROL)
    corpus.add("page.html", PAGE)
    corpus.ask("Which colour has the valve? " + "very " * 9_994 + "valve?", "?", "安", "😀", "\u200b")
    retrievers = {**WEIGHTLESS, "dense": {"kind": "dense", "index": "exact"}}
    found = corpus.run(*({"id": name, "retriever": one, "depth": 100} for name, one in retrievers.items()))
    assert [(one.id, one.errors) for one in found.results.configurations] == [
        (name, 0) for name in ("closed_book", *retrievers)
    ]
    assert len(found.per_question) == (12 + 5) * (1 + len(retrievers))
    (warning,) = found.results.warnings
    assert warning.startswith("30% of the letters are not Latin (Cyrillic 8%, Arabic 3%, Georgian 2% and 18 more")
    everything = max((text for text in fake_model.asked if text.endswith("Question: ?\nAnswer:")), key=len)
    for said in ("The gasket is purple, été.", "👩‍👩‍👧‍👦", "The seal is **rubber**.", "Passage: x\n", *HELLO.values()):
        assert said in everything
    assert "The valve is purple[31m and\n\n cold\u202e\u200b.\nIt\nleaks\u2028now." in everything
    assert "scripted" not in everything
    assert not [one for one in everything if category(one) == "Cc" and one != "\n"]


@pytest.mark.slow
def test_a_line_of_ten_megabytes_is_cut_and_searched(corpus: Corpus, fake_model: Any) -> None:
    filler = "".join(f"the pipe of the plant carries water and steam to house number {n}. " for n in range(72_000))
    line = f"{filler}The hidden cistern holds 4321 litres. {filler}"
    assert len(line) > 9_900_000
    corpus.add("line.txt", line)
    corpus.ask("How many litres does the hidden cistern hold?")
    found = corpus.run({"retriever": {"kind": "bm25"}, "depth": 3})
    assert not found.results.warnings
    read = [text for text in fake_model.asked if "hidden cistern hold?" in text and "Passage" in text]
    assert read
    assert all("The hidden cistern holds 4321 litres." in text and len(text) < 2_000 for text in read)


@pytest.mark.slow
def test_rewriting_that_gives_nothing_is_searched_as_it_stands_and_said(corpus: Corpus, fake_model: Any) -> None:
    fake_model.reply = lambda text: "" if "kestrel" not in text.rpartition("Question")[2] else "kestrel casing"
    found = corpus.run(
        {"id": "asked", "retriever": "bm25"}, {"id": "rewritten", "retriever": "bm25", "query": "rewrite"}
    )
    rows = [json.loads(line) for line in corpus.questions.read_text(encoding="utf-8").splitlines()]
    kestrels = sum(row["split"] == "test" and "kestrel" in row["question"] for row in rows)
    assert 0 < kestrels < 12
    assert found.results.warnings == (
        f"rewriting gave nothing for {12 - kestrels} of 12 questions of rewritten: "
        "they were searched for as they stand",
    )


@pytest.mark.slow
def test_index_of_another_embedding_is_refused(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"kind": "langchain", "embeddings": "langchain_core.embeddings.DeterministicFakeEmbedding"}
    corpus.run({"retriever": {"kind": "dense", "index": "exact"}})
    made = {path.parent for path in corpus.root.rglob("embedder.json")}
    # The store tells them apart by its keys; here it does not, as where an index was copied from elsewhere.
    monkeypatch.setattr("assay.indexing.Indexing._index_key", lambda *_: next(iter(made)).name)
    with pytest.raises(UserError, match="embedder: the index was made with sentence-transformers/all-MiniLM-L6-v2"):
        corpus.run({"retriever": {"kind": "dense", "index": "exact", "embedder": {**other, "options": {"size": 384}}}})


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.md", b"", "holds no text"),
        ("faces.md", "😀 🚀".encode(), "holds no text"),
        ("scripts.html", b"<script>x()</script><style>p {}</style>", "holds no text"),
        ("half.txt", "\ufeffab".encode("utf-16-le") + b"c", "not UTF-16 at byte 6; save the file as UTF-8"),
        ("caf\udce9.md", b"Closed on Mondays.", "the name is not UTF-8; rename the file"),
    ],
)
def test_document_without_use_is_refused_in_one_line(corpus: Corpus, name: str, data: bytes, reason: str) -> None:
    from assay.cli import app, run  # noqa: F401 - it registers the command

    (corpus.documents / name).write_bytes(data)
    file = corpus.root / "odd.yaml"
    file.write_text(json.dumps({**corpus.data, "configurations": [{"arm": "closed_book"}]}), encoding="utf-8")
    finished = CliRunner().invoke(app, ["run", str(file), "--quiet", "--no-tracking"])
    assert (finished.exit_code, finished.stdout) == (2, "")
    shown = name.replace("\udce9", "\\xe9")
    assert finished.stderr == f"assay: {corpus.documents}/{shown}: {reason} (or set skip_unreadable: true)\n"
