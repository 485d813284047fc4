"""What counts as declining to answer: a small declared list, compared after normalisation."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from eval.metrics.normalise import normalise

REFUSALS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "unknown",
        "not known",
        "unanswerable",
        "no answer",
        "no answer found",
        "not answerable",
        "cannot answer",
        "cannot be answered",
        "I cannot answer",
        "I cannot answer this question",
        "not in the documents",
        "not in the document",
        "not in the context",
        "not in the passage",
        "not in the passages",
        "not stated",
        "not mentioned",
        "not specified",
        "not given",
        "not provided",
        "not available",
        "not found",
        "no information",
        "the documents do not say",
        "the document does not say",
        "the passage does not say",
        "the context does not say",
        "I don't know",
        "I do not know",
        "don't know",
        "not enough information",
        "insufficient information",
        "n/a",
    ),
    "de": ("unbekannt", "keine Antwort", "nicht in den Dokumenten", "ich weiß es nicht", "weiß ich nicht",
           "keine Angabe", "nicht angegeben"),
    "fr": ("inconnu", "pas de réponse", "pas dans les documents", "je ne sais pas", "non précisé"),
    "es": ("desconocido", "sin respuesta", "no está en los documentos", "no lo sé", "no se indica"),
    "it": ("sconosciuto", "nessuna risposta", "non è nei documenti", "non lo so", "non indicato"),
}  # fmt: skip


@lru_cache(maxsize=16)
def _declared(language: str) -> frozenset[str]:
    return frozenset(normalise(text) for text in REFUSALS["en"] + REFUSALS.get(language, ()))


def is_refusal(text: str, language: str = "en") -> bool:
    """Whether ``text`` declines to answer: empty once normalised, or one of ``REFUSALS`` of the ISO 639-1 ``language``
    or of English. The whole answer must be the refusal: a sentence that merely contains one is judged as an answer."""
    normalised = normalise(text.replace("’", "'"))
    return not normalised or normalised in _declared(language)


def abstained(prediction: str, answers: Sequence[str], answerable: bool, *, language: str = "en") -> float:
    """1 where the prediction is a refusal, whatever the question; an accepted answer is never one."""
    if answerable and normalise(prediction) in {normalise(answer) for answer in answers if normalise(answer)}:
        return 0.0
    return float(is_refusal(prediction, language))
