"""Every retriever, reranker and pre- and post-retrieval technique on five public sets, against BM25 and MiniLM.

    python benchmarks/retrieval_tables.py [--only nfcorpus tatqa]

Runs ``assay retrieve`` on the experiments of configs/retrieval and writes docs/retrieval_tables.md. What the store
holds is not computed again, so a stopped run goes on. Milliseconds are machine time per question in batches.
"""

import argparse
from pathlib import Path

import assay
from assay.loading import load_experiment
from assay.retrieval_results import RetrievalComparison, load_comparison
from assay.retrieval_table import cells_of, size_of
from assay.tables import markdown_table

ROOT = Path(__file__).parents[1]
BASELINES = ("bm25", "minilm")


def section(result: RetrievalComparison, description: str) -> str:
    """One experiment as Markdown."""
    title = result.name.removeprefix("retrieval-")
    return f"## {title}\n{description}\n\n{size_of(result)}; * best on dev.\n\n{markdown_table(cells_of(result))}\n"


def main() -> None:
    """Run the experiments and write the page from all that have been run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--configs", type=Path, default=ROOT / "configs/retrieval")
    parser.add_argument("--only", nargs="*", help="experiments to run; the page takes the others as they were")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    parser.add_argument("--store", type=Path, default=ROOT / ".assay/store")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/retrieval_tables.md")
    arguments = parser.parse_args()
    sections = []
    for path in sorted(arguments.configs.glob("*.yaml")):
        experiment = load_experiment(path)
        saved = arguments.runs / experiment.name / "retrieval.json"
        if arguments.only is None or path.stem in arguments.only:
            known = [configuration.id for configuration in experiment.configurations]
            against = [name for name in BASELINES if name in known] or known[:1]
            assay.retrieve(experiment, against=against, store=arguments.store, runs=arguments.runs)
        if saved.is_file():
            sections.append(section(load_comparison(saved), experiment.description))
    intro = "# Retrieval tables\nMade by `python benchmarks/retrieval_tables.py`; docs/retrieval.md reads them.\n"
    arguments.page.write_text("\n".join([intro, *sections]), encoding="utf-8")
    print(arguments.page)


if __name__ == "__main__":
    main()
