"""From a hand-written template to blocks of text, remembering which sentence states which fact.

A template has one sentence per line; neighbouring lines are a paragraph. Marks:
``{name}`` a word or fact (a fact used so is *stated* by its sentence), ``{~name}`` a fact or word mentioned only,
``{@name}`` a text of several lines put in as it is, ``<<one // other>>`` alternatives, of which the seed chooses one.
Line starts as in Markdown: ``#`` title, ``##`` heading, ``-`` item, ``|`` table row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from pipelines.corpus.world.values import Value

_TEXT = re.compile(r"\{@(\w+)\}")
_CHOICE = re.compile(r"<<(.*?)>>")
_FIELD = re.compile(r"\{(~?)([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document. ``cells`` are filled for table rows, ``text`` otherwise."""

    kind: Literal["title", "heading", "paragraph", "item", "row"]
    text: str = ""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """The passage that states a fact: a sentence, or a table row with the header that explains it."""

    fact: str
    passages: tuple[str, ...]


def fill(
    template: str, owner: str, facts: Mapping[str, Value], words: Mapping[str, str], key: str
) -> tuple[tuple[Block, ...], tuple[Statement, ...]]:
    """Blocks and statements of one document. ``owner`` is the id of the entity whose facts are stated, ``key`` what
    the choice of alternatives hangs on. Raises ``KeyError`` for a field that is neither a fact nor a word."""
    text = _TEXT.sub(lambda match: words[match[1]], template)
    chooser = Random(key)
    text = _CHOICE.sub(lambda match: chooser.choice(match[1].split("//")).strip(), text)
    blocks: list[Block] = []
    statements: list[Statement] = []
    paragraph: list[str] = []
    for line in (*text.split("\n"), ""):
        sentence, stated = _filled(line.strip(), facts, words)
        statements += [Statement(f"{owner}.{name}", (sentence.removeprefix("- "),)) for name in stated]
        block = _block(sentence)
        if block is None and sentence:
            paragraph.append(sentence)
            continue
        if paragraph:
            blocks.append(Block("paragraph", " ".join(paragraph)))
            paragraph = []
        if block is not None:
            blocks.append(block)
    return tuple(blocks), tuple(statements)


def _filled(line: str, facts: Mapping[str, Value], words: Mapping[str, str]) -> tuple[str, list[str]]:
    stated: list[str] = []

    def put(match: re.Match[str]) -> str:
        name = match[2]
        if name not in facts:
            return words[name]
        if not match[1]:
            stated.append(name)
        return facts[name].text

    sentence = _FIELD.sub(put, line)
    return _capital(sentence), stated


def _capital(sentence: str) -> str:
    """A sentence may begin with a value such as ``the old crane``."""
    return sentence[:1].upper() + sentence[1:]


def _block(line: str) -> Block | None:
    if line.startswith("# "):
        return Block("title", line[2:])
    if line.startswith("## "):
        return Block("heading", line[3:])
    if line.startswith("- "):
        return Block("item", line[2:])
    if line.startswith("|"):
        return Block("row", cells=tuple(cell.strip() for cell in line.strip("|").split("|")))
    return None
