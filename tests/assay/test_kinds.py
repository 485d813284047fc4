"""The table of kinds: complete, with sources, and as docs/kinds.md has it."""

from pathlib import Path

import pytest

from assay.kinds import as_markdown, field_cells, kind_cells
from pipelines.errors import UserError

ROOT = Path(__file__).parents[2]


def test_page_is_up_to_date() -> None:
    page = (ROOT / "docs/kinds.md").read_text(encoding="utf-8")
    assert page == as_markdown() + "\n", "run: assay kinds --markdown > docs/kinds.md"


def test_every_kind_says_what_it_does_and_published_ones_name_their_source() -> None:
    rows = {(stage, kind): (what, source) for stage, kind, what, source in kind_cells()[1:]}
    assert all(what.endswith(".") and len(what) < 110 for what, _ in rows.values())
    assert rows["query", "hyde"][1] == "Gao et al. 2022"
    assert rows["retriever", "dense"][1] == "Karpukhin et al. 2020"
    assert rows["post_retrieval", "mmr"][1] == "Carbonell and Goldstein 1998"


def test_fields_of_a_kind_with_their_defaults() -> None:
    fields = {name: (default, meaning) for name, default, meaning in field_cells("retriever", "hybrid")[1:]}
    assert fields["parts"][0] == "[bm25, dense]"
    assert fields["k"][0] == "60"
    assert field_cells("llm", "hf")[1][:2] == ["name", "(required)"]
    assert {row[0]: row[1] for row in field_cells("query", "hyde")}["prompt"] == "its prompt file"


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'bm25'"):
        field_cells("retriever", "bm52")
    with pytest.raises(UserError, match="there is no stage 'retreiver'"):
        kind_cells("retreiver")
