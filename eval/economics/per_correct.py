"""Cost per correct answer."""

from eval.economics.candidate import Candidate, volume
from eval.economics.fieller import ratio_interval
from eval.economics.mean_interval import ONE_CLUSTER, Clusters, single_cluster
from eval.results import Interval, Scenario


def cost_per_correct(candidate: Candidate, scenario: Scenario, clusters: Clusters) -> tuple[Interval | None, str]:
    """(mean cost of a question + fixed cost / volume) / accuracy, with Fieller's interval by question cluster.

    The fixed cost over the horizon (one-off, hosting, retraining) is spread over the questions of the horizon. Two
    pseudo-questions, one right and one wrong, keep the interval honest at accuracies near 0 and 1. What staleness takes
    from the accuracy is taken as known here. Returns the interval and an empty reason, or ``None`` and the reason:
    accuracy is not shown to be above zero, or all questions form one cluster.
    """
    share = candidate.spending.fixed_usd(scenario.horizon_months) / volume(scenario)
    lost = candidate.stale.value
    usd, correct = candidate.usd + share, candidate.outcomes.correct
    mean = float(usd.mean())
    found = ratio_interval((usd,), (correct - lost,), clusters, pseudo=[(mean, -lost), (mean, 1.0 - lost)])
    if single_cluster(clusters):
        return None, ONE_CLUSTER
    if found is None:
        right, asked = float(correct.mean()) * correct.shape[1], correct.shape[1]
        return None, f"{right:g} of {asked} answers are correct, too few to show that accuracy is above zero"
    return found.model_copy(update={"low": max(0.0, found.low)}), ""  # nothing costs less than nothing
