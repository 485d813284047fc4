"""What MoEE takes from a corpus before it embeds: statistics of its numbers, and alpha from labelled questions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.learning import Labelled, Material
from pipelines.retrieval.fusion_weight import CUTOFF, GRID, judged, ndcg
from pipelines.retrieval.moee.combining import gated
from pipelines.retrieval.moee.embedding import MoEEEmbedder
from pipelines.retrieval.moee.encoder import Encoder
from pipelines.retrieval.moee.settings import CombiningConfig
from pipelines.retrieval.moee.statistics import Statistics
from pipelines.retrieval.ranking import best, hits
from pipelines.retrieval.vector_memory import embed_documents

if TYPE_CHECKING:
    from numpy import float32, floating
    from numpy.typing import NDArray

ALPHAS = tuple(weight / (1 - weight) for weight in GRID if weight < 1)
"""0 to 19: RW's share alpha / (1 + alpha) of the score grows in steps of 0.05."""
_FILE = "alpha.json"
_EQUAL = 9
"""Means are compared to so many decimals."""
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Fitting:
    """MoEE with one encoder, told how to combine; ``embedder`` is what comes of it."""

    encoder: Encoder
    config: CombiningConfig

    @property
    def learns(self) -> bool:
        """Whether alpha is chosen on dev."""
        return self.config.alpha == "dev"

    def statistics(self, rows: "NDArray[float32]") -> Statistics | None:
        """Those of the gated rows of a corpus, shape (texts, width); None where nothing is to be normalised."""
        if self.config.normalise == "none":
            return None
        layout = self.encoder.layout
        blocks = (gated(block, layout, self.config.rw) for block in row_blocks(rows))
        return Statistics.of(blocks, layout.width)

    def embedder(self, statistics: Statistics | None, alpha: float) -> MoEEEmbedder:
        """The embedder with what was fitted."""
        return MoEEEmbedder(self.encoder, self.config.rw, self.config.combine, alpha, statistics)

    def choose_alpha(
        self, material: Material, rows: "NDArray[float32]", statistics: Statistics | None, folder: Path
    ) -> Mapping[str, float]:
        """Choose alpha by mean nDCG@10 of the dev questions that have gold passages, every chunk ranked, and write it
        as JSON; ``rows`` are those of ``material.chunks``. Raises ``UserError`` where there are no such questions."""
        questions = judged(material, field="alpha")
        asked = self.encoder.embed_queries([one.query for one in questions])
        hs = _cosines(MoEEEmbedder(self.encoder, self.config.rw, "hs", 0.0, statistics), asked, rows)
        rw = _cosines(MoEEEmbedder(self.encoder, self.config.rw, "rw", 0.0, statistics), asked, rows)
        alpha, mean = best_alpha(questions, [chunk.id for chunk in material.chunks], hs, rw)
        (folder / _FILE).write_text(json.dumps(alpha), encoding="utf-8")
        return {"alpha": alpha, "dev_ndcg_at_10": mean, "dev_questions": float(len(questions))}

    def alpha(self, folder: Path) -> float:
        """The config's, or what ``choose_alpha`` wrote into ``folder``."""
        if self.config.alpha == "dev":
            chosen: float = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            return chosen
        return self.config.alpha


def best_alpha(
    questions: list[Labelled], chunk_ids: list[str], hs: "NDArray[floating]", rw: "NDArray[floating]"
) -> tuple[float, float]:
    """The alpha of ``ALPHAS`` with the highest mean nDCG@10 of hs + alpha rw, and that mean; the least among equals.
    ``hs`` and ``rw`` are cosines of shape (questions, chunks)."""
    means: dict[float, float] = {}
    for alpha in ALPHAS:
        scores = hs + alpha * rw
        found = [hits(chunk_ids, best(row, CUTOFF), row).chunk_ids for row in scores]
        gains = [ndcg(names, asked.relevant) for names, asked in zip(found, questions, strict=True)]
        means[alpha] = round(sum(gains) / len(gains), _EQUAL)
    chosen = max(ALPHAS, key=means.__getitem__)
    return chosen, means[chosen]


def _cosines(part: MoEEEmbedder, asked: "NDArray[float32]", rows: "NDArray[float32]") -> "NDArray[float32]":
    """Of one part: shape (questions, chunks)."""
    import numpy as np

    queries = part.vectors(asked)
    return np.concatenate([queries @ part.vectors(block).T for block in row_blocks(rows)], axis=1)


def row_blocks(rows: "NDArray[float32]") -> "Iterator[NDArray[float32]]":
    """Rows in order, some thousand at a time, as they may lie on disk."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def save_statistics(encoder: Encoder, config: CombiningConfig, texts: Sequence[str], folder: Path) -> Statistics | None:
    """Write the statistics of ``texts`` into ``folder``, for an embedder of kind moee to be given them; None where the
    config normalises nothing."""
    statistics = Fitting(encoder, config).statistics(embed_documents(encoder, texts)[0])
    if statistics:
        statistics.save(folder)
    return statistics
