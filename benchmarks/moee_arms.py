"""MoEE's arms and how they are read, for ``moee_sts.py`` and ``moee_nfcorpus.py``.

The model is the virtual mixture of experts over the embedded SmolLM2: no trained router, so nothing here is about MoEE
on a real one. What the model read is kept in files, as all arms of a prompt rest on the same rows.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipelines.records import Chunk
from pipelines.retrieval import Search, retrievers
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.moee import MoEEVirtualConfig, encoder_of
from pipelines.retrieval.moee.fitting import Fitting

DATA = Path(__file__).parents[2] / "shared/data"
PROMPTS = ("none", "prompteol")
BASE = "HS z-scored"
"""What every arm is compared with: the z-score alone, without any routing weights."""
ARMS: dict[str, dict[str, str]] = {
    "HS": {"combine": "hs"},
    BASE: {"combine": "hs", "normalise": "corpus"},
    "RW": {"combine": "rw"},
    "RW z-scored": {"combine": "rw", "normalise": "corpus"},
    "concat": {"combine": "concat"},
    "concat z-scored": {"combine": "concat", "normalise": "corpus"},
    "sum": {"combine": "sum"},
    "sum z-scored": {"combine": "sum", "normalise": "corpus"},
    "RW logits": {"combine": "rw", "rw": "logits"},
    "RW logits z-scored": {"combine": "rw", "rw": "logits", "normalise": "corpus"},
    "concat logits z-scored": {"combine": "concat", "rw": "logits", "normalise": "corpus"},
    "sum logits z-scored": {"combine": "sum", "rw": "logits", "normalise": "corpus"},
}
"""The last three are what the published code computes on OLMoE and Qwen, but for its statistics of the batch."""
MINILM, BM25 = "all-MiniLM-L6-v2", "BM25"
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Reader:
    """Reads texts with one model; ``file`` begins the names of the files that keep what was read."""

    embed: Callable[[Sequence[str]], Rows]
    file: Path

    def rows(self, name: str, texts: Sequence[str]) -> Rows:
        """One row a text; distinct texts are read once."""
        path = self.file.with_name(f"{self.file.name}-{name}.npy")
        if not path.is_file():
            distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, self.embed(list(distinct))[[distinct[text] for text in texts]])
        found: Rows = np.load(path)
        return found


def arguments_of(description: str, **defaults: object) -> argparse.Namespace:
    """The command line of both scripts."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--max-length", type=int, help="tokens of a text with its prompt")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"])
    parser.add_argument("--rows", type=Path, default=Path(".assay/moee_rows"), help="where what was read is kept")
    parser.set_defaults(**defaults)
    return parser.parse_args()


def fitting_of(prompt: str, arm: Mapping[str, str], arguments: argparse.Namespace) -> Fitting:
    """MoEE on the virtual mixture, under one prompt and one arm."""
    config = MoEEVirtualConfig.model_validate(
        {"prompt": prompt, "max_length": arguments.max_length, "dtype": arguments.dtype, "device": "cpu", **arm}
    )
    return Fitting(encoder_of(config), config)


def reader_of(fitting: Fitting, arguments: argparse.Namespace, data: str) -> Reader:
    """The fitting's encoder."""
    version = fitting.encoder.identity.replace(":", "-")
    return Reader(fitting.encoder.embed_documents, arguments.rows / f"{data}-{version}")


def minilm_reader(arguments: argparse.Namespace, data: str) -> Reader:
    """all-MiniLM-L6-v2 in float32."""
    return Reader(embedders.build(embedders.parse("embedded")).embed_documents, arguments.rows / f"{data}-minilm")


def heading() -> str:
    """The first two lines of a table."""
    columns = [cell for prompt in PROMPTS for cell in (f"prompt: {prompt}", f"minus {BASE}", "alpha")]
    return f"| arm | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|"


def row(arm: str, cells: Sequence[str]) -> str:
    """A line of a table; a baseline without a prompt gives its first cell alone."""
    return f"| {arm} | {' | '.join([*cells, *[''] * (3 * len(PROMPTS) - len(cells))])} |"


@contextmanager
def bm25_over(chunks: Sequence[Chunk]) -> Iterator[Search]:
    """BM25 over ``chunks``, its index kept for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        bm25 = retrievers.build(retrievers.parse("bm25"), "en")
        bm25.build(chunks, Path(folder))
        yield bm25.open(chunks, Path(folder), ())
