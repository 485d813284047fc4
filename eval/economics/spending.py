"""Cost over time: one-off, per month, at every retraining or re-indexing, and per question."""

from dataclasses import dataclass
from math import ceil

from pydantic import BaseModel, ConfigDict, Field

from eval.results import Cost


class Cadence(BaseModel):
    """How often the work is done again, and which share of its first cost that takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retrain_months: float | None = Field(default=None, gt=0, description="months between retrainings; none: never")
    reindex_months: float | None = Field(default=None, gt=0, description="months between re-indexings; none: never")
    retrain_share: float = Field(default=1.0, ge=0, description="cost of a retraining as a share of the first one")
    reindex_share: float = Field(default=1.0, ge=0, description="cost of a re-indexing as a share of the first one")


@dataclass(frozen=True)
class Spending:
    """What a configuration costs over time, dollars. ``repeats`` are (months between, dollars each)."""

    one_off_usd: float
    hosting_usd_month: float
    per_question_usd: float
    repeats: tuple[tuple[float, float], ...] = ()

    def repeats_usd(self, months: float) -> float:
        """Repeated work within ``months``: done at every full multiple of its cadence before the end, so work that
        would fall on the last day is left out."""
        return sum(usd for _, usd in self.events(months))

    def events(self, months: float) -> list[tuple[float, float]]:
        """(month, dollars) of every repeated piece of work before the end of ``months``, in order of time."""
        return sorted(
            (cadence * times, usd)
            for cadence, usd in self.repeats
            for times in range(1, max(0, ceil(months / cadence) - 1) + 1)
        )

    def fixed_usd(self, months: float) -> float:
        """Everything that does not depend on how many questions are asked."""
        return self.one_off_usd + self.hosting_usd_month * months + self.repeats_usd(months)

    def total_usd(self, months: float, questions: float) -> float:
        """fixed_usd(months) + questions * per_question_usd."""
        return self.fixed_usd(months) + questions * self.per_question_usd


def spending(cost: Cost, cadence: Cadence | None = None) -> Spending:
    """The spending that a ``Cost`` means under a cadence; indexes and adapters that cost nothing repeat for nothing."""
    cadence = cadence or Cadence()
    repeats = []
    if cadence.retrain_months is not None and cost.train_usd > 0:
        repeats.append((cadence.retrain_months, cost.train_usd * cadence.retrain_share))
    if cadence.reindex_months is not None and cost.index_usd > 0:
        repeats.append((cadence.reindex_months, cost.index_usd * cadence.reindex_share))
    return Spending(
        one_off_usd=cost.index_usd + cost.train_usd,
        hosting_usd_month=cost.hosting_usd_month,
        per_question_usd=cost.per_1k_questions_usd.value / 1000,
        repeats=tuple(repeats),
    )
