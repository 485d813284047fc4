"""What was measured of one configuration, and what it comes to under declared terms."""

from dataclasses import dataclass, replace

from eval.economics.candidate import Candidate
from eval.economics.hosting import Api, SelfHosted
from eval.economics.ledger import cost, load_at_peak, machine_usd_month, machines_at_peak, usd_per_question
from eval.economics.mean_interval import Array, Clusters
from eval.economics.prices import PriceBook
from eval.economics.spending import spending
from eval.economics.staleness import stale_share
from eval.economics.sum_interval import NOTHING
from eval.economics.terms import Economics
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes
from eval.finance import StaleAccuracy
from eval.results import NEEDS_GOLD, Arm, Cost, Interval
from pipelines.errors import UserError


@dataclass(frozen=True, eq=False)
class Account:
    """One configuration as measured on test, before prices: ``primary`` is the primary metric, [seeds, n], ``dev`` its
    mean on dev, ``stale`` the staleness measured of its arm's representative."""

    id: str
    arm: Arm
    usage: Usage
    outcomes: Outcomes
    primary: Array
    dev: float
    selected_on_dev: bool
    training: str = ""
    stale: StaleAccuracy | None = None


@dataclass(frozen=True, eq=False)
class Books:
    """All accounts of a run on the same test questions, and how they are judged; ``clusters`` [n] groups questions."""

    accounts: tuple[Account, ...]
    clusters: Clusters
    metric: str
    margin: float
    seed: int

    @property
    def contenders(self) -> list[Account]:
        """The representatives of the arms that can be put to use."""
        return [account for account in self.accounts if account.selected_on_dev and account.arm not in NEEDS_GOLD]

    def account(self, identifier: str) -> Account:
        """The account with this id. Raises ``KeyError``."""
        for account in self.accounts:
            if account.id == identifier:
                return account
        raise KeyError(identifier)


def hosted(usage: Usage, economics: Economics) -> Usage:
    """The usage on the machine, billing and peak that ``economics`` declares; indexing and training move with it."""
    served = {"machine": economics.machine, "utilisation": economics.utilisation}
    served |= {"labour_hours_month": economics.labour_hours_month}
    payers = usage.payers.model_copy(
        update={name: economics.machine for name in ("index_machine", "train_machine") if getattr(usage.payers, name)}
    )
    if isinstance(usage.hosting, Api):
        return replace(usage, hosting=usage.hosting.model_copy(update=served), payers=payers)
    here = SelfHosted.model_validate({**served, "billing": economics.billing})
    machines = machines_at_peak(replace(usage, hosting=here), economics.at_peak)
    return replace(usage, hosting=here.model_copy(update={"machines": machines}), payers=payers)


def priced(
    account: Account, economics: Economics, prices: PriceBook, clusters: Clusters, *, draws: int = 2000
) -> tuple[Cost, Array]:
    """The cost under ``economics``, but for that of a correct answer, and the dollars of every question [seeds, n]."""
    usage = hosted(account.usage, economics)
    found = cost(usage, prices, clusters, draws=draws)
    if isinstance(usage.hosting, SelfHosted):
        found = found.model_copy(
            update={
                "machines_at_peak": usage.hosting.machines,
                "load_at_peak": load_at_peak(usage, economics.at_peak),
                "machine_usd_month": machine_usd_month(usage, prices),
            }
        )
    return found, usd_per_question(usage, prices)


def candidate_of(account: Account, price: Cost, usd: Array, economics: Economics) -> Candidate:
    """The configuration as the money sees it, with the cadence and churn of ``economics``."""
    return Candidate(
        account.id,
        spending(price, economics.cadence),
        usd,
        account.outcomes,
        training=account.training,
        stale=stale_of(account, price, economics),
    )


def stale_of(account: Account, price: Cost, economics: Economics) -> Interval:
    """Share of answers lost to staleness. What was never trained or indexed is not refreshed either, as it repeats
    for nothing; gold passages are never stale. Raises ``UserError`` where facts change and what that does was not
    measured."""
    if economics.churn_per_month == 0 or account.arm in NEEDS_GOLD:
        return NOTHING
    if account.stale is None:
        raise UserError(
            f"churn_per_month is {economics.churn_per_month:g}, but the run did not measure what {account.id} answers "
            "once facts change (the built-in dataset can change them); set churn_per_month to 0"
        )
    return stale_share(
        account.stale,
        economics.churn_per_month,
        economics.horizon_months,
        retrain_months=economics.retrain_months if price.train_usd > 0 else None,
        reindex_months=economics.reindex_months if price.index_usd > 0 else None,
    )
