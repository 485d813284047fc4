"""The recommendation: the cheapest configuration not shown inferior to the best by more than the margin.

Choices are made on dev, the claim is checked on test. Candidates are the representatives of the arms, chosen on dev,
and the best of them is the best on dev, so that no maximum is taken on the numbers that are then tested. How far each
candidate falls short of it is estimated on test, paired by question, with limits adjusted over all candidates. A
candidate is out where that shortfall is shown to exceed the margin. What the data cannot tell apart stays in, and the
sentence says how large a loss they leave possible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from eval.economics.mean_interval import Clusters, mean_estimate
from eval.numbers import money
from eval.results import NEEDS_GOLD, Arm, Interval, Recommendation, Scenario
from pipelines.errors import UserError


@dataclass(frozen=True)
class Option:
    """One configuration to choose from. ``dev`` and ``test`` are means of the primary metric, ``usd`` the cost over
    the scenario's horizon at its volume (``economics.horizon_cost``)."""

    id: str
    arm: Arm
    selected_on_dev: bool
    dev: float
    test: float
    usd: Interval


@dataclass(frozen=True)
class Shortfall:
    """Mean of best - x on test with one-sided confidence limits, adjusted over the family of candidates."""

    mean: float
    low: float
    high: float


def eligible(options: Sequence[Option]) -> list[Option]:
    """Representatives of the arms that can be put to use. Raises ``UserError`` where there is none."""
    found = [one for one in options if one.selected_on_dev and one.arm not in NEEDS_GOLD]
    if not found:
        raise UserError("no configuration can be recommended: all of them need the gold passages; add another arm")
    return found


def best_on_dev(options: Sequence[Option]) -> Option:
    """The eligible option with the highest dev mean; the cheaper one where two are equal."""
    return max(eligible(options), key=lambda one: (one.dev, -one.usd.value))


def shortfalls(
    values: Mapping[str, ArrayLike],
    best: str,
    clusters: Clusters,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Shortfall]:
    """``Shortfall`` of every other configuration behind ``best`` from test values [n] or [seeds, n].

    ``bounds`` are the metric's range. One-sided limits at 1 - (1 - confidence) / k for k others (Bonferroni), so all
    of them hold together with ``confidence``.
    """
    others = [name for name in values if name != best]
    reach = bounds[1] - bounds[0]
    level = 1 - 2 * (1 - confidence) / max(1, len(others))
    found = {}
    for name in others:
        sides = (values[best], values[name])
        estimate = mean_estimate(sides, clusters, (-reach, reach), confidence=level, draws=4000, seed=seed)
        found[name] = Shortfall(estimate.mean, estimate.low, estimate.high)
    return found


def recommend(
    options: Sequence[Option],
    behind: Mapping[str, Shortfall],
    *,
    metric: str,
    margin: float,
    scenario: Scenario,
) -> Recommendation:
    """Apply the rule; ``behind`` holds the shortfall of each eligible option but ``best_on_dev(options)``.

    Of equally cheap options the more accurate on test is taken. Raises ``KeyError`` for a shortfall not given.
    """
    candidates, best = eligible(options), best_on_dev(options)
    kept = [one for one in candidates if one.id == best.id or behind[one.id].low <= margin]
    chosen = min(kept, key=lambda one: (one.usd.value, -one.test, one.id))
    rule = (
        f"The cheapest configuration that is not shown inferior to the best by more than the margin ({margin:g} in "
        f"{metric}), at {scenario.questions_per_month:,.0f} questions a month over {scenario.horizon_months:g} months. "
        "Candidates are the representatives of their arms and the best is the best of them, both chosen on dev; "
        "inferiority is tested on test, paired by question, at 95 % for all candidates together."
    )
    because = _sentence(chosen, best, candidates, kept, behind, metric, margin, scenario)
    gold = [one.id for one in options if one.selected_on_dev and one.arm in NEEDS_GOLD]
    if gold:
        rule += f" Left out because they need the gold passages: {', '.join(gold)}."
    decided = chosen.id == best.id or behind[chosen.id].high <= margin
    if chosen.test <= 0:
        decided = False
        because += f" But its {metric} on test is 0: it answers nothing right, and nothing speaks for using it."
    return Recommendation(id=chosen.id, decided=decided, because=because, rule=rule)


def _sentence(
    chosen: Option,
    best: Option,
    candidates: Sequence[Option],
    kept: Sequence[Option],
    behind: Mapping[str, Shortfall],
    metric: str,
    margin: float,
    scenario: Scenario,
) -> str:
    price = (
        f"{chosen.id} costs {money(chosen.usd.value)} (95 % interval {money(chosen.usd.low)} to "
        f"{money(chosen.usd.high)}) over {scenario.horizon_months:g} months at "
        f"{scenario.questions_per_month:,.0f} questions a month"
    )
    if len(candidates) == 1:
        return f"{price} and is the only candidate, with {metric} {chosen.test:.3f} on test."
    if len(kept) == 1:
        others = "the other is" if len(candidates) == 2 else f"the {len(candidates) - 1} others are"
        rest = f"{others} shown to fall more than {margin:g} behind it"
        return f"{price}; it is the best on dev with {metric} {chosen.test:.3f} on test, and {rest}."
    among = f"the least of the {len(kept)} of {len(candidates)} candidates not shown to be more than {margin:g} behind"
    if chosen.id == best.id:
        return f"{price}, {among} the best, and is itself the best on dev, with {metric} {chosen.test:.3f} on test."
    gap = behind[chosen.id]
    shown = "so it is shown not inferior" if gap.high <= margin else f"so a loss above {margin:g} is not ruled out"
    return (
        f"{price}, {among} {best.id}, the best on dev at {money(best.usd.value)}: on test its {metric} is "
        f"{chosen.test:.3f} against {best.test:.3f}, a shortfall of {gap.mean:.3f} and of at most {gap.high:.3f} "
        f"(one-sided 95 % limit over all candidates), {shown}."
    )
