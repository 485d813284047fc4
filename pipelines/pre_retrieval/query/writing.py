"""Queries that a language model writes: the prompts, and what of the answers can be searched for."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.pre_retrieval.query import Queries
from pipelines.pre_retrieval.query.lists import lines, words
from pipelines.prompt_files import fill
from pipelines.records import Answer, Prompt
from pipelines.tools import Tools

LONGEST = 400
"""Characters of the longest text that is taken for a query; a question longer than that sets its own limit."""

ONE_LINE = ("\n",)
LIST_END = ("\n\n", "Question:")
"""What ends a list: a blank line, or the next question that a small model goes on to invent."""


@dataclass(frozen=True)
class Writing:
    """How queries are asked for: a ``template`` with ``{question}``, at most ``most`` lines of ``longest`` characters
    taken from an answer of at most ``max_new_tokens`` tokens that ends at a ``stop`` string."""

    template: str
    max_new_tokens: int
    most: int = 1
    stop: tuple[str, ...] = ONE_LINE
    longest: int = LONGEST

    def prompt(self, question: str) -> Prompt:
        """The prompt for one question, without white space at its end, so that a file may end with a newline."""
        template = self.template.rstrip()
        return Prompt(fill(template, question=question), template.split("{question}")[0], self.stop)

    def usable(self, question: str, answer: Answer) -> tuple[str, ...]:
        """The lines of an answer that are queries beside the question itself; none where the model failed."""
        if answer.error:
            return ()
        found = lines(answer.text, self.most + 1, max(self.longest, len(question)))
        return tuple(line for line in found if words(line) != words(question))[: self.most]

    def queries(self, questions: Sequence[str], tools: Tools, with_question: bool) -> list[Queries]:
        """One request for all questions. ``with_question`` searches for the question, too, before what was written.
        Where nothing usable was written, the question alone is searched for."""
        if not questions:
            return []
        answers = tools.complete([self.prompt(question) for question in questions], self.max_new_tokens)
        written = [self.usable(question, answer) for question, answer in zip(questions, answers, strict=True)]
        return [
            Queries((question, *texts) if with_question or not texts else texts, answer.spent, fell_back=not texts)
            for question, texts, answer in zip(questions, written, answers, strict=True)
        ]
