"""What the charts draw: plain numbers, by configuration."""

from typing import Any

from eval.report.finance import FACTORS, map_data, stale_rows
from eval.report.wording import ARM_NAMES, REFERENCE_ARMS, metric_name
from eval.results import ConfigurationResult, Estimate, Interval, Results, Scenario


def chart_data(results: Results) -> dict[str, Any]:
    """Everything the charts need, JSON-ready. Triples are (value, low, high)."""
    scenario = results.scenario
    return {
        "metric": metric_name(results.primary_metric),
        "armNames": ARM_NAMES,
        "configurations": [_configuration(results, c) for c in results.configurations],
        "comparisons": [
            {"a": c.a, "b": c.b, "delta": [c.delta, c.low, c.high], "margin": c.margin, "verdict": c.verdict}
            for c in sorted(results.comparisons, key=lambda item: item.exploratory)
        ],
        "tracks": list(results.dataset.tracks),
        "trackQuestions": results.dataset.tracks,
        "volume": scenario.questions_per_month,
        "retrain": scenario.retrain_months,
        "reindex": scenario.reindex_months,
        "horizon": scenario.horizon_months,
        "showcase": results.showcase.question_id if results.showcase else None,
        "smallSample": results.small_sample.model_dump() if results.small_sample else None,
        "tornado": results.tornado.model_dump() if results.tornado else None,
        "factors": FACTORS,
        "map": map_data(results),
        "staleness": stale_rows(results),
    }


def all_in_per_1k(configuration: ConfigurationResult, scenario: Scenario) -> Interval | None:
    """Dollars per 1,000 questions at the declared volume with all that does not depend on questions (one-off, hosting,
    retraining and re-indexing) spread over the horizon. None where the scenario asks no question."""
    from eval.economics.spending import Cadence, spending

    questions = scenario.questions_per_month * scenario.horizon_months
    if questions <= 0:
        return None
    cost = configuration.cost
    cadence = Cadence(retrain_months=scenario.retrain_months, reindex_months=scenario.reindex_months)
    spread = spending(cost, cadence).fixed_usd(scenario.horizon_months) / questions * 1000
    per_1k = cost.per_1k_questions_usd
    return Interval(value=per_1k.value + spread, low=per_1k.low + spread, high=per_1k.high + spread)


def _configuration(results: Results, configuration: ConfigurationResult) -> dict[str, Any]:
    metric = results.primary_metric
    cost = configuration.cost
    return {
        "id": configuration.id,
        "arm": configuration.arm,
        "representative": configuration.selected_on_dev,
        "reference": configuration.arm in REFERENCE_ARMS,
        "tuned": "lora" in configuration.arm,
        "pareto": configuration.id in results.pareto,
        "recommended": configuration.id == results.recommendation.id,
        "score": triple(configuration.metrics.get(metric)),
        "tracks": {name: triple(metrics.get(metric)) for name, metrics in configuration.tracks.items()},
        "latency": triple(configuration.latency.p50) if configuration.latency else None,
        "allIn": triple(all_in_per_1k(configuration, results.scenario)),
        "perThousand": triple(cost.per_1k_questions_usd),
        "index": cost.index_usd,
        "train": cost.train_usd,
        # Dedicated machines follow the volume, so they stand apart from the rest of the hosting.
        "hosting": cost.hosting_usd_month - (cost.machines_at_peak or 0) * (cost.machine_usd_month or 0.0),
        "machine": cost.machine_usd_month,
        "load": cost.load_at_peak,
    }


def triple(estimate: Estimate | Interval | None) -> list[float] | None:
    """(value, low, high); None for what was not measured."""
    if estimate is None:
        return None
    value = estimate.mean if isinstance(estimate, Estimate) else estimate.value
    return [value, estimate.low, estimate.high]
