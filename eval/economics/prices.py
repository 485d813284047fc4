"""The price book: dated, sourced, editable scenario prices. Quantities are measured, prices are declared here."""

from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.economics.yaml_file import Location, explain, first_location, read_yaml
from pipelines.errors import UserError
from pipelines.registry import nearest

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

    def times(self, factor: float) -> "PriceBook":
        """The same book with every price multiplied."""

        def scaled(part: Any) -> Any:
            if not isinstance(part, _Entry):
                return {name: scaled(entry) for name, entry in part.items()} if isinstance(part, dict) else part
            fields = {name: getattr(part, name) for name in type(part).model_fields}
            return part.model_copy(
                update={
                    name: value * factor if "usd_per" in name and value is not None else scaled(value)
                    for name, value in fields.items()
                }
            )

        book: PriceBook = scaled(self)
        return book

    def machine(self, name: str) -> MachinePrice:
        """Price of a machine. Raises ``UserError`` with the nearest name."""
        if name not in self.machines:
            raise UserError(f"price book {self.name!r} has no machine {name!r}; {nearest(name, self.machines)}")
        return self.machines[name]

    def usd_per_token(self, model: str, kind: TokenKind) -> float:
        """Dollars per single token of an API model: exact name first, then the longest matching pattern.

        Raises ``UserError`` where no pattern matches or the entry names no price of that kind.
        """
        matching = [pattern for pattern in self.apis if fnmatchcase(model, pattern)]
        if not matching:
            raise UserError(
                f"price book {self.name!r} has no entry under apis that matches model {model!r}; "
                f"{nearest(model, self.apis)}"
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
    data, root = read_yaml(path, "price book")
    try:
        return PriceBook.model_validate(data)
    except ValidationError as error:
        raise UserError(explain(error, root, path, _fields(first_location(error)))) from error


def _fields(location: Location) -> list[str]:
    """Names allowed where an unknown key was found."""
    sections: dict[str, type[_Entry]] = {
        "machines": MachinePrice,
        "storage": StoragePrice,
        "labour": LabourPrice,
        "apis": ApiPrice,
    }
    model = sections.get(str(location[0]), PriceBook) if len(location) > 1 else PriceBook
    return list(model.model_fields)
