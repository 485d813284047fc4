"""The price book: dated, sourced, editable scenario prices. Quantities are measured, prices are declared here."""

from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import UserError

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
TokenKind = Literal["input", "output", "embedding", "training"]
DEFAULT_BOOK = Path(__file__).with_name("price_book.yaml")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dated(_Entry):
    """Where a price comes from and when it held."""

    source: str = Field(min_length=1, description="who asks this price, and where it can be read")
    dated: date = Field(description="the day the price was read, YYYY-MM-DD")


class MachinePrice(Dated):
    """A rented machine."""

    usd_per_hour: Usd = Field(description="US dollars per hour of the whole machine")
    description: str = Field(default="", description="what the machine is")


class StoragePrice(Dated):
    """Disk for indexes and adapters."""

    usd_per_gb_month: Usd = Field(description="US dollars per 10^9 bytes and month")


class LabourPrice(Dated):
    """A reviewer's time."""

    usd_per_hour: Usd = Field(description="US dollars per hour, fully loaded")


class ApiPrice(Dated):
    """Billed tokens of an API model, US dollars per million."""

    input_usd_per_million: Usd | None = Field(default=None, description="prompt tokens")
    output_usd_per_million: Usd | None = Field(default=None, description="generated tokens")
    embedding_usd_per_million: Usd | None = Field(default=None, description="embedded tokens")
    training_usd_per_million: Usd | None = Field(default=None, description="tokens trained on at the provider")


class PriceBook(_Entry):
    """Every price a report may use."""

    name: str = Field(min_length=1, description="name shown in reports")
    note: str = Field(default="", description="what these prices leave out")
    machines: dict[str, MachinePrice] = Field(description="by machine name")
    storage: StoragePrice
    labour: LabourPrice
    apis: dict[str, ApiPrice] = Field(default={}, description="by model name pattern")

    @property
    def dated(self) -> str:
        """Date of the oldest price, ISO 8601: the whole book is only as fresh as that."""
        entries = [*self.machines.values(), self.storage, self.labour, *self.apis.values()]
        return min(entry.dated for entry in entries).isoformat()

    def machine(self, name: str) -> MachinePrice:
        """Price of a machine. Raises ``UserError`` with the nearest name."""
        if name not in self.machines:
            raise UserError(f"price book {self.name!r} has no machine {name!r}; {_nearest(name, self.machines)}")
        return self.machines[name]

    def usd_per_token(self, model: str, kind: TokenKind) -> float:
        """Dollars per single token of an API model: exact name first, then the longest matching pattern.

        Raises ``UserError`` where no pattern matches or the entry names no price of that kind.
        """
        matching = [pattern for pattern in self.apis if fnmatchcase(model, pattern)]
        if not matching:
            raise UserError(
                f"price book {self.name!r} has no entry under apis that matches model {model!r}; "
                f"{_nearest(model, self.apis)}"
            )
        pattern = max(matching, key=lambda candidate: (candidate == model, len(candidate)))
        price: float | None = getattr(self.apis[pattern], f"{kind}_usd_per_million")
        if price is None:
            raise UserError(
                f"price book {self.name!r}: apis.{pattern} has no {kind}_usd_per_million, "
                f"and the {kind} tokens of {model!r} have to be priced; add it"
            )
        return price / 1e6


def load_price_book(path: Path | None = None) -> PriceBook:
    """The price book at ``path``, or the scenario book shipped with this package.

    Raises ``UserError`` naming file, line and key for anything unreadable, unknown, missing, repeated or negative.
    """
    path = path or DEFAULT_BOOK
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(root, path)
        data = yaml.safe_load(text)
    except OSError as error:
        raise UserError(f"{path}: cannot read the price book: {error.strerror}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', None) or error}") from error
    try:
        return PriceBook.model_validate(data)
    except ValidationError as error:
        raise UserError(_explain(error, root, path)) from error


def _nearest(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"


def _refuse_repeated_keys(node: yaml.Node | None, path: Path) -> None:
    """YAML lets a later key replace an earlier one in silence; a price must not change that way."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            raise UserError(f"{path}:{key.start_mark.line + 1}: key {key.value!r} stands twice; keep one")
        seen.add(key.value)
        _refuse_repeated_keys(value, path)


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Line of the deepest key of ``location`` that the file has."""
    line = 1
    for step in location:
        found = (
            [pair for pair in node.value if pair[0].value == str(step)] if isinstance(node, yaml.MappingNode) else []
        )
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _explain(error: ValidationError, root: yaml.Node | None, path: Path) -> str:
    # A mistyped key is also a missing one; what the user typed is what to show.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    location = first["loc"]
    key = ".".join(map(str, location)) or "the file"
    if first["type"] == "extra_forbidden":
        problem = f"unknown key {key}; {_nearest(str(location[-1]), _fields(location))}"
    elif first["type"] == "missing":
        problem = f"{key} is missing; add it"
    else:
        problem = f"{key}: {first['msg'][0].lower()}{first['msg'][1:]}, not {first['input']!r}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{path}:{_line(root, location)}: {problem}{more}"


def _fields(location: tuple[int | str, ...]) -> list[str]:
    """Names allowed where an unknown key was found."""
    sections: dict[str, type[_Entry]] = {
        "machines": MachinePrice,
        "storage": StoragePrice,
        "labour": LabourPrice,
        "apis": ApiPrice,
    }
    model: type[_Entry] = PriceBook if len(location) == 1 else sections[str(location[0])]
    return list(model.model_fields)
