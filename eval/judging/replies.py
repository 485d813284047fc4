"""From a judge's reply to the record that ragas asked for."""

from collections.abc import Iterator
from json import JSONDecoder
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipelines.records import Answer

Record = TypeVar("Record", bound=BaseModel)


class UnreadableReply(Exception):  # noqa: N818 - it is what the judge said, not an error of the program
    """The judge's reply is not what was asked for."""


class NoReply(UnreadableReply):
    """The judge did not answer: the call failed."""


def read_reply(answer: Answer, record: type[Record]) -> Record:
    """The first JSON object of the reply that is a ``record``; text and code fences around it do not matter.

    A verdict is 0 or 1; ragas itself would count a verdict of 7 as seven. Raises ``UnreadableReply`` where there is
    none, which is also what a reply cut at its greatest length comes to, and ``NoReply`` where the call failed.
    """
    if answer.error:
        raise NoReply(answer.error)
    fault = "no JSON object"
    for candidate in _objects(answer.text):
        try:
            found = record.model_validate(candidate)
        except ValidationError as error:
            fault = str(error.errors()[0]["msg"])
            continue
        if all(verdict in (0, 1) for verdict in _verdicts(found)):
            return found
        fault = "a verdict that is neither 0 nor 1"
    raise UnreadableReply(f"{fault} in the reply {_shortened(answer.text)!r}")


def _objects(text: str) -> Iterator[Any]:
    decoder, start = JSONDecoder(), text.find("{")
    while start >= 0:
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield found
        start = text.find("{", end)


def _verdicts(record: BaseModel) -> Iterator[int]:
    for _, value in record:
        if isinstance(value, int):
            yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, BaseModel):
                    yield from _verdicts(item)


def _shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
