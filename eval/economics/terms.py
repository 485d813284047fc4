"""What is declared about money, in an experiment and in a scenario file: prices, volume, worth, hosting and change."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from eval.economics.ledger import HOURS_PER_MONTH
from eval.economics.prices import PriceBook
from eval.economics.spending import Cadence
from eval.results import Scenario
from pipelines.registry import Closed


class Economics(Closed):
    """Declared, not measured: what an answer is worth, how many are asked for, and what they are answered on."""

    model_config = ConfigDict(allow_inf_nan=False)

    price_book: str | None = Field(None, description="a price book of your own (YAML); absent takes the dated default")
    machine: str = Field("small_cpu", description="machine of the price book that serves and trains")
    utilisation: float = Field(0.4, gt=0, le=1, description="share of the paid machine time that does work")
    billing: Literal["per_use", "dedicated"] = Field(
        "per_use", description="pay machines by use, or for as many as the peak takes, by the month"
    )
    peak_factor: float = Field(5.0, ge=1, description="questions at the busiest moment, as a multiple of the mean")
    peak_per_second: float | None = Field(
        None, gt=0, description="questions per second at the busiest moment, in place of peak_factor"
    )
    labour_hours_month: float = Field(0.0, ge=0, description="hours a month that people look after the service")
    questions_per_month: float = Field(10_000, gt=0, description="how many questions are asked in a month")
    horizon_months: float = Field(12, gt=0, description="over how long money is reckoned")
    correct_usd: float = Field(1.0, ge=0, description="what a correct answer is worth")
    wrong_usd: float = Field(0.5, ge=0, description="what a wrong answer costs")
    escalation_usd: float = Field(0.6, ge=0, description="what it costs when a person answers instead")
    status_quo: str = Field("no_system", description="no_system (people answer everything) or a configuration's id")
    churn_per_month: float = Field(0.0, ge=0, le=1, description="share of answers whose facts change in a month")
    retrain_months: float | None = Field(None, gt=0, description="months between retrainings; absent: never")
    reindex_months: float | None = Field(None, gt=0, description="months between re-indexings; absent: never")

    @model_validator(mode="after")
    def _peak_is_no_trough(self) -> "Economics":
        mean = self.questions_per_month / (HOURS_PER_MONTH * 3600)
        if self.peak_per_second is not None and self.peak_per_second < mean:
            raise ValueError(
                f"peak_per_second {self.peak_per_second:g} is below the mean of {mean:.3g} questions per second "
                f"that questions_per_month {self.questions_per_month:g} make; raise it, or leave it out"
            )
        return self

    @property
    def at_peak(self) -> float:
        """Questions per second at the busiest moment."""
        return self.peak_per_second or self.peak_factor * self.questions_per_month / (HOURS_PER_MONTH * 3600)

    @property
    def cadence(self) -> Cadence:
        """How often training and indexing are done again."""
        return Cadence(retrain_months=self.retrain_months, reindex_months=self.reindex_months)

    def at_volume(self, questions_per_month: float) -> "Economics":
        """The same with another volume; a peak that is given moves in proportion."""
        factor = questions_per_month / self.questions_per_month
        peak = self.peak_per_second * factor if self.peak_per_second is not None else None
        return self.model_copy(update={"questions_per_month": questions_per_month, "peak_per_second": peak})


def scenario_of(economics: Economics, prices: PriceBook) -> Scenario:
    """The part of it that stands in the results."""
    named = {name: getattr(economics, name) for name in Scenario.model_fields if name in Economics.model_fields}
    return Scenario(**{**named, "price_book": prices.name, "prices_dated": prices.dated})
