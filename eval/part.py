"""What every part of the results is made of."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of every part of the contract: immutable, closed, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Estimate(Part):
    """A mean with its 95 % interval. ``method`` names how the interval was made, ``n`` the questions behind it."""

    mean: float
    low: float
    high: float
    n: int
    method: str


class Interval(Part):
    """A derived quantity with its 95 % interval."""

    value: float
    low: float
    high: float
