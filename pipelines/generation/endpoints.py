"""What a language model behind an API is to this project: something that replies to messages, and fails in few ways.

Every library has exceptions of its own. ``failure`` sorts them by HTTP status and by the names in their chain of
causes into three: the run cannot go on (``UserError``), this attempt failed (``TransientError``), this request is lost
(``RefusedError``).
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from pipelines.errors import UserError

Messages = Sequence[tuple[str, str]]
"""(role, content) turns; roles are system, user and assistant."""

NAMED = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
"""How a file names an environment variable. Capitals alone: a key pasted by mistake has small letters."""

LONGEST_WAIT = 120.0
"""Seconds. An endpoint that asks for more patience has refused."""

_SECRET = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)")
_ABSENT = {"ConnectError", "ConnectTimeout", "ConnectionRefusedError", "gaierror", "NewConnectionError"}
_BROKEN = {"APIConnectionError", "ConnectionError", "RemoteProtocolError", "ReadError", "WriteError", "ProtocolError"}


@dataclass(frozen=True)
class Reply:
    """A reply or, while it streams, a piece of one. Token counts are the endpoint's own, ``None`` where it gives none.
    ``error`` says why a reply that was paid for holds no answer, ``finished`` that the endpoint said it is complete."""

    text: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    error: str = ""
    finished: bool = False


class Endpoint(Protocol):
    """A chat model that somebody else runs. Methods raise ``UserError``, ``TransientError`` or ``RefusedError``,
    nothing else, and are called from many threads."""

    @property
    def name(self) -> str:
        """The model's public name."""

    @property
    def address(self) -> str:
        """The field of the experiment that says where it is, and its value."""

    def identity(self) -> dict[str, str]:
        """Where it is, which model and version, with which parameters; never a key. Asks the endpoint if it can."""

    def complete(self, messages: Messages, stop: Sequence[str], max_new_tokens: int) -> Reply:
        """The whole reply."""

    def stream(self, messages: Messages, stop: Sequence[str], max_new_tokens: int) -> Iterator[Reply]:
        """The reply in pieces as they come."""


class RefusedError(Exception):
    """This request failed for good; the message is a short reason."""


class TransientError(Exception):
    """This attempt failed and the next may not. ``retry_after`` are the seconds the endpoint asked for; ``absent``
    says that nothing took the connection."""

    def __init__(self, reason: str, retry_after: float = 0.0, absent: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.absent = absent


@dataclass(frozen=True)
class Fields:
    """How error lines name the place, the field of the key and the field of the model; and which environment variables
    hold secrets."""

    address: str
    key: str
    model: str
    secrets: frozenset[str] = frozenset()


@contextmanager
def translated(failure_of: Callable[[Exception], Exception]) -> Iterator[None]:
    """Raise what ``failure_of`` makes of an exception, without the exception, whose text may quote the key."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - libraries of any vendor; all of them are raised again
        raise failure_of(error) from None


def failure(error: Exception, fields: Fields) -> Exception:
    """What an exception of a library means here."""
    if isinstance(error, UserError | RefusedError | TransientError):
        return error
    status = status_of(error)
    message = scrub(str(error), fields.secrets)
    if status is not None:
        return _by_status(status, message, error, fields)
    names = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    if names & _ABSENT:
        return TransientError("nothing takes the connection", absent=True)
    if any("Timeout" in name for name in names):
        return TransientError("no reply in time")
    if names & _BROKEN:
        return TransientError("the connection broke off")
    if "JSONDecodeError" in names:
        return RefusedError("the reply is not JSON")
    return RefusedError(f"{type(error).__name__}: {message}")


def _by_status(status: int, message: str, error: Exception, fields: Fields) -> Exception:
    answered = f"HTTP {status}"
    if status in (401, 403):
        return UserError(f"{fields.key}: the key is refused ({answered}) at {fields.address}; put a valid one there")
    if status == 404:
        return UserError(
            f"{fields.model}: no such model or path ({answered}: {message}) at {fields.address}; mend one of them"
        )
    if status == 402 or "insufficient_quota" in str(error):
        return UserError(f"{fields.key}: the account has no credit left ({answered}) at {fields.address}")
    if status not in (408, 429) and status < 500:
        return RefusedError(f"{answered}: {message}")
    wait = retry_after(getattr(getattr(error, "response", None), "headers", None) or {})
    if wait > LONGEST_WAIT:
        return RefusedError(f"{answered}: asks to wait {wait:.0f} s")
    return TransientError(answered, wait)


def status_of(error: Exception) -> int | None:
    """The HTTP status behind an exception of any client library."""
    response = getattr(error, "response", None)
    for status in (getattr(error, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(status, int):
            return status
    return None


def retry_after(headers: Mapping[str, Any]) -> float:
    """Seconds of a Retry-After header (RFC 9110, a number or a date); 0 where there is none that can be read."""
    value = str(headers.get("retry-after", "")).strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def scrub(text: str, names: Iterable[str] = ()) -> str:
    """The first 200 characters of a message on one line, without the value of any of these environment variables or
    of one whose name says that it is a secret."""
    for name in {*names, *(name for name in os.environ if _SECRET.search(name.upper()))}:
        value = os.environ.get(name, "").strip()
        if len(value) >= (1 if name in names else 8):
            text = text.replace(value, f"${{{name}}}")
    return " ".join(text.split())[:200]


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
