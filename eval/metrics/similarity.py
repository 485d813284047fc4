"""Embedding similarity of predictions and accepted answers; the embedder is the caller's."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.records import Question

Embed = Callable[[Sequence[str]], NDArray[np.floating]]
"""Texts to vectors, ``[n]`` to ``[n, dimensions]``."""


def similarity(questions: Sequence[Question], predictions: Sequence[str], embed: Embed) -> list[float | None]:
    """Cosine between the prediction and the nearest accepted answer, one value per question, between -1 and 1.

    Every distinct text is embedded once, in one call. An empty prediction scores 0. None on unanswerable questions
    and where there is no accepted answer. Raises ``ValueError`` where the two sequences differ in length.
    """
    pairs = list(zip(questions, predictions, strict=True))
    judged = [bool(question.answerable and question.answers) for question in questions]
    texts: dict[str, int] = {}
    for (question, prediction), applies in zip(pairs, judged, strict=True):
        if applies:
            for text in (prediction, *question.answers):
                texts.setdefault(text, len(texts))
    if not texts:
        return [None] * len(pairs)
    vectors = np.asarray(embed(list(texts)), dtype=np.float64)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    scores: list[float | None] = []
    for (question, prediction), applies in zip(pairs, judged, strict=True):
        if not applies:
            scores.append(None)
        elif not prediction.strip():
            scores.append(0.0)
        else:
            answers = units[[texts[answer] for answer in question.answers]]
            scores.append(float(np.clip((answers @ units[texts[prediction]]).max(), -1.0, 1.0)))
    return scores
