"""Compression of the found passages by what surprises a language model: Selective Context (Li et al., EMNLP 2023), and
with ``question_aware`` the contrastive perplexity of LongLLMLingua (Jiang et al., ACL 2024).

Both are computed word by word with the configuration's own model. LongLLMLingua's coarse steps (ranking and budgets
for passages) are left to the rerankers and to ``budget``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.generation import ScoringModel, TokenScore
from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.sentence_spans import joined
from pipelines.registry import StageConfig
from pipelines.tools import Tools

_WORD = re.compile(r"\S+")
_Scores = Mapping[tuple[str, str], Sequence[TokenScore]]


class CompressConfig(StageConfig):
    """Found chunks without the words that a language model expects anyway."""

    kind: Literal["compress"] = "compress"
    ratio: float = Field(default=0.5, gt=0, le=1, description="share of the tokens that is kept at most")
    question_aware: bool = Field(
        default=False, description="keep the words that the question makes likelier, not those that surprise"
    )


@dataclass(frozen=True, slots=True)
class _Word:
    chunk: int
    start: int
    end: int
    tokens: int
    score: float


@post_processors.kind(CompressConfig)
def compress(config: CompressConfig) -> PostProcessor:
    """Words leave, the lowest score first and of equal ones the later, until at most ``ratio`` of the tokens of all
    chunks of a question is left. The score of a word is the sum over its tokens of

        -ln p(token | chunk so far), its self-information, or, if ``question_aware``,
        ln p(token | question, chunk so far) - ln p(token | chunk so far).

    Chunks keep their order and span, but their text is what was kept of it; a chunk without words leaves. Raises
    ``UserError`` where the language model gives no probabilities."""

    def shorten(found: Sequence[Found], tools: Tools) -> list[Found]:
        if not isinstance(tools.model, ScoringModel):
            raise UserError(
                f"post_retrieval kind compress: {tools.model.name} gives no token probabilities; "
                "choose a local model under llm, or the kind sentences"
            )
        pairs = dict.fromkeys(
            (given, chunk.text)
            for one in found
            for chunk in one.chunks
            for given in ("", _asked(one.query))[: 1 + config.question_aware]
        )
        scores = dict(zip(pairs, tools.model.log_probabilities(list(pairs)), strict=True))
        return [_shortened(one, scores, config) for one in found]

    return shorten


def _asked(query: str) -> str:
    return f"Question: {query}\nPassage: "


def _shortened(one: Found, scores: _Scores, config: CompressConfig) -> Found:
    words = [word for place in range(len(one.chunks)) for word in _words(one, place, scores, config.question_aware)]
    left = sum(word.tokens for word in words)
    most = config.ratio * left
    kept = set(range(len(words)))
    for place in sorted(kept, key=lambda place: (words[place].score, -place)):
        if left <= most:
            break
        kept.remove(place)
        left -= words[place].tokens
    spans: dict[int, list[tuple[int, int]]] = {}
    for place in sorted(kept):
        spans.setdefault(words[place].chunk, []).append((words[place].start, words[place].end))
    return replace(
        one,
        chunks=tuple(
            replace(one.chunks[place], text=joined(one.chunks[place].text, inside)) for place, inside in spans.items()
        ),
    )


def _words(one: Found, place: int, scores: _Scores, question_aware: bool) -> list[_Word]:
    """The words of one chunk. A token belongs to the word its last character stands in."""
    text = one.chunks[place].text
    alone = _by_word(text, scores["", text])
    given = _by_word(text, scores[_asked(one.query), text]) if question_aware else None
    words = []
    for number, match in enumerate(_WORD.finditer(text)):
        tokens, log_probability = alone[number]
        score = given[number][1] - log_probability if given else -log_probability
        words.append(_Word(place, match.start(), match.end(), tokens, score))
    return words


def _by_word(text: str, tokens: Sequence[TokenScore]) -> list[tuple[int, float]]:
    """Tokens, and the sum of their log-probabilities, of each word; white space counts for the word after it."""
    ends = [match.end() for match in _WORD.finditer(text)]
    found, word = [(0, 0.0) for _ in ends], 0
    for token in tokens:
        while word < len(ends) - 1 and token.end > ends[word]:
            word += 1
        if ends:
            found[word] = (found[word][0] + 1, found[word][1] + token.log_probability)
    return found
