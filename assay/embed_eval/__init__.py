"""How good an embedder is at tasks of its own, scored by mteb (Muennighoff et al. 2023) on files of this machine."""

from assay.embed_eval.local_data import Tasks
from assay.embed_eval.parsing import parse_embedder
from assay.embed_eval.scoring import TaskScore, evaluate_embedder, score_table

__all__ = ["TaskScore", "Tasks", "evaluate_embedder", "parse_embedder", "score_table"]
