"""BM25 (Robertson et al. 1994) by bm25s, with Snowball stemmers.

Defaults are Lucene's (k1 1.2, b 0.75, its idf), which were best on NFCorpus dev among the usual settings for a Snowball
stemmer. One-letter words and digits count, as in "vitamin D" or "page 7".

The language drives stemmer and stop words. Languages without a Snowball stemmer (Japanese, Polish before Snowball 3,
Ukrainian, ...) are indexed unstemmed, those without a stop-word list keep all words. Words are runs of letters and
digits, so scripts that do not put spaces between words (Chinese, Japanese, Thai) are served badly: use ``dense``.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.ranking import best, hits

_WORD = r"(?u)\b\w+\b"
_INDEX = "params.index.json"
_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "fa": "persian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_STOP_WORDS = {
    "da": "DANISH", "de": "GERMAN", "es": "SPANISH", "fr": "FRENCH", "it": "ITALIAN", "ko": "KOREAN", "nb": "NORWEGIAN",
    "nl": "DUTCH", "no": "NORWEGIAN", "pt": "PORTUGUESE", "ru": "RUSSIAN", "sv": "SWEDISH", "tr": "TURKISH",
    "zh": "CHINESE",
}  # fmt: skip
_LETTERS = frozenset("dmoy")
"""Left over from contractions (he'd, I'm) in the English list; kept as words for "vitamin D" (0.2967 to 0.2980 on
NFCorpus dev)."""


class BM25Config(StageConfig):
    """BM25 over stemmed words."""

    kind: Literal["bm25"] = "bm25"
    k1: float = Field(default=1.2, ge=0, description="how fast repeated words stop counting")
    b: float = Field(default=0.75, ge=0, le=1, description="how far long chunks are marked down")
    method: Literal["lucene", "robertson", "atire"] = Field(
        default="lucene", description="variant of the formula (Kamphuis et al. 2020)"
    )


@dataclass(frozen=True)
class BM25:
    """BM25, configured for one language. A chunk that shares no word with the query is no hit."""

    config: BM25Config
    language: str

    parts = ()
    identity = ""

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the index as ``.npy`` arrays and JSON. Equal chunks give equal files."""
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it prints its debugging otherwise
        texts, vocabulary = self._numbered([chunk.indexed for chunk in chunks])
        if vocabulary:
            index = bm25s.BM25(k1=self.config.k1, b=self.config.b, method=self.config.method, auto_compile=False)
            index.index((texts, vocabulary), create_empty_token=False, show_progress=False)
            index.save(str(folder))
        return {"words": float(sum(map(len, texts)))}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the index in ``folder``; an index without words finds nothing."""
        import bm25s

        ids = [chunk.id for chunk in chunks]
        index = (
            bm25s.BM25.load(str(folder), load_corpus=False, auto_compile=False) if (folder / _INDEX).is_file() else None
        )

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            return [self._search(index, ids, words, depth) for words in self._words(queries)]

        return search

    def _search(self, index: Any, ids: Sequence[str], words: Sequence[str], depth: int) -> Hits:
        known = index.get_tokens_ids(words) if index is not None else []
        if not known:
            return Hits((), ())
        scores = index.get_scores_from_ids(known)
        order = best(scores, depth)
        return hits(ids, order[scores[order] > 0], scores)

    def _words(self, texts: Sequence[str]) -> list[list[str]]:
        """The stems of each text."""
        numbered, vocabulary = self._numbered(texts)
        stems = list(vocabulary)
        return [[stems[number] for number in words] for words in numbered]

    def _numbered(self, texts: Sequence[str]) -> tuple[list[list[int]], dict[str, int]]:
        """Each text as the numbers of its stems, and the number of each stem, in order of first occurrence."""
        import bm25s
        import Stemmer

        # Stemmed here: bm25s numbers stems in the order of a set, which changes from process to process.
        found = bm25s.tokenize(
            list(texts),
            token_pattern=_WORD,
            stopwords=frozenset(stop_words(self.language)),
            stemmer=None,
            show_progress=False,
        )
        words, algorithm = list(found.vocab), _STEMMERS.get(self.language)
        stems = Stemmer.Stemmer(algorithm).stemWords(words) if algorithm in Stemmer.algorithms() else words
        vocabulary: dict[str, int] = {}
        number = [vocabulary.setdefault(stem, len(vocabulary)) for stem in stems]
        return [[number[word] for word in ids] for ids in found.ids], vocabulary


def stop_words(language: str) -> list[str]:
    """The function words of a language, by its ISO 639-1 code; empty where no list is known."""
    from bm25s import stopwords

    if language == "en":  # the longer of bm25s' two lists was better on NFCorpus dev
        return sorted({*stopwords.STOPWORDS_EN_PLUS} - _LETTERS)
    name = _STOP_WORDS.get(language)
    return list(getattr(stopwords, f"STOPWORDS_{name}")) if name else []


@retrievers.kind(BM25Config)
def bm25(config: BM25Config, language: str) -> Retriever:
    """``language`` is an ISO 639-1 code."""
    return BM25(config, language)
