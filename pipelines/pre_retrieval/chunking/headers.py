"""One chunk a Markdown section; long sections are cut further as ``recursive`` does.

The parsers turn the headings of HTML, DOCX and PPTX into Markdown headings, so this serves those as well. LlamaIndex'
``MarkdownNodeParser`` finds the sections. (LangChain's ``MarkdownHeaderTextSplitter`` rewrites line ends, so its
sections cannot be found again in the text.)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.recursive import limited
from pipelines.pre_retrieval.chunking.spans import chunker
from pipelines.registry import StageConfig

_HEADING = re.compile(r"^(#+)\s(.*)", re.MULTILINE)
_BETWEEN = "\x1f"
"""The ASCII unit separator, which no parsed text holds: between the headings of a path."""


class HeadersConfig(StageConfig):
    """One chunk a Markdown section; long sections are cut further."""

    kind: Literal["headers"] = "headers"
    size: int = Field(
        default=800, ge=20, description="characters of a chunk at most; a longer row of a table stays whole"
    )


@dataclass(frozen=True, slots=True)
class Section:
    """The characters ``[start, end)`` from one heading to the next. ``path`` are the headings above the text, the
    section's own the last; it is empty before the first heading."""

    start: int
    end: int
    path: tuple[str, ...]


@chunkers.kind(HeadersConfig)
def headers(config: HeadersConfig) -> Chunker:
    """A heading with no text of its own goes with the section below it. Text without headings is cut by size."""
    return chunker(lambda text: limited(text, _joined(text, sections(text)), config.size))


def sections(text: str) -> Iterator[Section]:
    """The sections of a Markdown text, in order, without white space at their ends."""
    from llama_index.core.node_parser import MarkdownNodeParser
    from llama_index.core.schema import Document

    class Text(Document):
        """Every section asks for the hash of the whole document, at quadratic cost; nothing here reads it."""

        @property
        def hash(self) -> str:
            return ""

    # The parser puts a blank between a heading's marks and its words, whatever white space stood there: put before, so
    # that its sections keep their length.
    spaced = re.sub(r"^(#+)[^\S\n]", r"\1 ", text, flags=re.MULTILINE)
    parser = MarkdownNodeParser(header_path_separator=_BETWEEN)
    end = 0
    for node in parser.get_nodes_from_node(Text(text=spaced)):
        # Sections follow one another with white space between them, so the first place found is the right one.
        start = spaced.index(node.text, end)
        end = start + len(node.text)
        own = _HEADING.match(node.text)
        above = [heading for heading in node.metadata["header_path"].split(_BETWEEN) if heading]
        yield Section(start, end, tuple(heading.strip() for heading in [*above, *([own[2]] if own else [])]))


def _joined(text: str, found: Iterator[Section]) -> Iterator[tuple[int, int]]:
    bare: Section | None = None
    for section in found:
        start = section.start
        if bare is not None and section.path[: len(bare.path)] == bare.path:
            start = bare.start
        elif bare is not None:
            yield bare.start, bare.end
        if section.path and "\n" not in text[section.start : section.end]:
            bare = Section(start, section.end, section.path)
        else:
            bare = None
            yield start, section.end
    if bare is not None:
        yield bare.start, bare.end
