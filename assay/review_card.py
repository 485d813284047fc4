"""One drafted question as a reviewer sees it, on the terminal or in a notebook."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from rich.text import Text

from pipelines.corpus.passages import find_answer


@dataclass(frozen=True)
class Card:
    """A question with its answer, and the passages by document; ``number`` of ``total`` is its place in the review."""

    number: int
    total: int
    split: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, row: Mapping[str, Any], number: int, total: int) -> "Card":
        """The card of one row of a question file."""
        answers = ([row["answer"]] if row.get("answer") else []) + list(row.get("answers", ()))
        gold = tuple((str(one.get("document", "")), str(one.get("text") or "")) for one in row.get("gold", ()))
        return cls(number, total, row.get("split") or "", row["question"], tuple(answers), gold)

    def __rich__(self) -> Text:
        text = Text(f"{self.number} of {self.total}  {self.split}\n", style="dim")
        text.append(f"{self.question}\n", style="bold default not dim")
        text.append(f"{' | '.join(self.answers)}\n", style="green not dim")
        for document, passage in self.passages:
            text.append(f"{document}\n", style="dim")
            before, answer, after = self._around(passage)
            text.append(before, style="default not dim")
            text.append(answer, style="reverse not dim")
            text.append(f"{after}\n", style="default not dim")
        return text

    def _repr_html_(self) -> str:
        shown = f"<small>{self.number} of {self.total} {escape(self.split)}</small>"
        shown += f"<p><b>{escape(self.question)}</b><br>{escape(' | '.join(self.answers))}</p>"
        for document, passage in self.passages:
            before, answer, after = map(escape, self._around(passage))
            shown += f"<small>{escape(document)}</small>"
            shown += f"<blockquote style='white-space: pre-wrap'>{before}<mark>{answer}</mark>{after}</blockquote>"
        return shown

    def _around(self, passage: str) -> tuple[str, str, str]:
        """The passage before, at and behind the first accepted answer that stands in it."""
        for answer in self.answers:
            if (start := find_answer(answer, passage)) is not None:
                end = start + len(answer)
                return passage[:start], passage[start:end], passage[end:]
        return passage, "", ""
