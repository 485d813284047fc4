"""Questions that a language model writes about passages. What it says is checked against the passage, not believed."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.corpus.drafting import Draft, Drafts
from pipelines.corpus.drafting.checks import checked
from pipelines.corpus.passages import find_answer
from pipelines.prompt_files import fill
from pipelines.records import Chunk, Document, Prompt
from pipelines.tools import Complete

NO_REPLY = "the model failed"
NOTHING = "no question and answer in the reply"
STOP = ("\n\n", "Document:", "Passage:")
"""What ends a reply: a blank line, or the next passage that a small model goes on to invent."""

_LABEL = re.compile(r"^\s*(?:[-*]\s+|\d+[.)]\s*)?\**(question|q|answer|a)\s*\d*\s*\**\s*:\s*\**\s*(.*?)\s*\**$", re.I)


@dataclass(frozen=True)
class Asking:
    """How a model is asked: a ``template`` with ``{count}``, ``{title}`` and ``{passage}``, questions per passage, and
    the most tokens of a reply."""

    template: str
    count: int
    max_new_tokens: int


def written(passages: Sequence[Chunk], documents: Mapping[str, Document], asking: Asking, complete: Complete) -> Drafts:
    """What the model wrote about the passages, all asked in one call, that passes the checks."""
    dropped: Counter[str] = Counter()
    drafts: list[Draft] = []
    prompts = [_prompt(passage, documents[passage.document_id].title, asking) for passage in passages]
    for passage, answer in zip(passages, complete(prompts, asking.max_new_tokens), strict=True):
        pairs = [] if answer.error else pairs_of(answer.text)[: asking.count]
        if not pairs:
            dropped[NO_REPLY if answer.error else NOTHING] += 1
        drafts += [Draft(asked, _as_it_stands(found, passage.text), passage.span, "written") for asked, found in pairs]
    made = checked(drafts, documents)
    return Drafts(made.kept, {**dropped, **made.dropped})


def pairs_of(reply: str) -> list[tuple[str, str]]:
    """Questions with their answers from lines such as ``Question: ...`` and ``Answer: ...`` (or ``Q:`` and ``A:``).
    A reply goes on behind the prompt's last ``Question:``, so its first line may lack the label. A question without an
    answer, a sentence cut off, is none."""
    pairs: list[tuple[str, str]] = []
    asked = ""
    for number, line in enumerate(reply.strip().splitlines()):
        label = _LABEL.match(line)
        if label is None:
            asked = line.strip() if number == 0 else asked
        elif label[1][0] in "qQ":
            asked = label[2]
        elif asked:
            pairs.append((asked, label[2]))
            asked = ""
    return pairs


def _prompt(passage: Chunk, title: str, asking: Asking) -> Prompt:
    template = asking.template.rstrip().replace("{count}", str(asking.count))
    prefix = template.partition("{")[0]
    return Prompt(fill(template, title=title, passage=passage.text.strip()), prefix, STOP)


def _as_it_stands(answer: str, passage: str) -> str:
    """The answer in the passage's own letters, without quotes around it and without the full stop of a sentence; the
    last one of "p.m." stays."""
    bare = answer.strip(" \t\"'`*")
    ends_sentence = bare.endswith(".") and bare.split()[-1].count(".") == 1
    bare = bare.rstrip(".") if ends_sentence else bare
    start = find_answer(bare, passage)
    return bare if start is None else passage[start : start + len(bare)]
