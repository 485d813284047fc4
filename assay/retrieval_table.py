"""A comparison of retrieval as a table, in the terminal and as Markdown."""

from collections.abc import Sequence

from rich.table import Table

from assay.retrieval_results import METRIC, RetrievalComparison, RetrievalRow
from assay.tables import terminal_table
from eval.report.wording import in_words
from eval.results import Comparison


def cells_of(result: RetrievalComparison) -> list[list[str]]:
    """The table as text, its heading first. Differences are of nDCG@10, with simultaneous intervals."""
    bases = list(dict.fromkeys(one.b for one in result.comparisons))
    gold = any("gold_in_context" in row.metrics for row in result.rows)
    heading = ["configuration", "dev", "nDCG@10 (95 %)", "recall@5", "recall@10"]
    heading += ["gold read", "tokens read"] if gold else ["tokens read"]
    heading += ["ms", *(f"against {base}" for base in bases)]
    by_pair = {(one.a, one.b): one for one in result.comparisons}
    return [heading] + [_cells(row, bases, by_pair, gold, row.id in result.best_on_dev) for row in result.rows]


def _cells(
    row: RetrievalRow, bases: Sequence[str], by_pair: dict[tuple[str, str], Comparison], gold: bool, best: bool
) -> list[str]:
    main = row.metrics[METRIC]
    cells = [f"{row.id} *" if best else row.id, "" if row.dev is None else f"{row.dev:.3f}"]
    cells += [f"{main.mean:.3f} [{main.low:.3f}, {main.high:.3f}]"]
    cells += [f"{row.metrics[name].mean:.3f}" for name in ("recall_at_5", "recall_at_10")]
    if gold:
        cells.append(f"{row.metrics['gold_in_context'].mean:.3f}" if "gold_in_context" in row.metrics else "")
    cells += [f"{row.context_tokens:.0f}", f"{1000 * row.seconds:.1f}"]
    return cells + [_difference(by_pair.get((row.id, base)), row.ranks_as) for base in bases]


def _difference(one: Comparison | None, twin: str) -> str:
    if one is None:
        return f"ranks as {twin}" if twin else ""
    said = {"a": "better", "b": "worse"}.get(one.verdict, one.verdict)
    return f"{one.delta:+.3f} [{one.low:+.3f}, {one.high:+.3f}] {said}"


def size_of(result: RetrievalComparison) -> str:
    """What was searched and asked, in a line."""
    size = f"{result.dataset}: {result.documents:,} documents, {result.questions:,} test questions"
    left_out = f"; {result.leaks_left_out} training questions that stand in dev or test left out"
    return size + (left_out if result.leaks_left_out else "")


def learnt_of(result: RetrievalComparison) -> list[str]:
    """What each configuration learnt or chose on train and dev, a line each."""
    return [f"{row.id} learnt: {in_words(row.learnt)}" for row in result.rows if row.learnt]


def retrieval_table(result: RetrievalComparison) -> Table:
    """The comparison for the terminal."""
    return terminal_table(cells_of(result), f"{size_of(result)}; * best on dev")
