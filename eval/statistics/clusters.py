"""Questions that share a gold document are not independent: they form one cluster."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.records import Question


def clusters_by_gold(questions: Sequence[Question]) -> NDArray[np.intp]:
    """The cluster of each question, as integers from 0 in order of first appearance, shape ``[n]``.

    Two questions are in one cluster when a chain of shared gold documents connects them (connected components of
    the graph of questions and gold documents). Gold documents are those of the gold passages and every document
    judged relevant. A question without gold is a cluster of its own.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(questions)
    nodes: dict[str, int] = {}
    edges: list[tuple[int, int]] = []
    for row, question in enumerate(questions):
        documents = {span.document_id for span in question.gold}
        documents |= {document for document, grade in question.relevance.items() if grade > 0}
        edges += [(row, nodes.setdefault(document, n + len(nodes))) for document in sorted(documents)]
    size = n + len(nodes)
    rows, columns = np.array(edges, dtype=np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges), dtype=np.int8), (rows, columns)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][:n]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
