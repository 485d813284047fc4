"""What the charts draw: plain numbers, by configuration."""

from typing import Any

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
        "horizon": scenario.horizon_months,
        "showcase": results.showcase.question_id if results.showcase else None,
        "smallSample": results.small_sample.model_dump() if results.small_sample else None,
    }


def all_in_per_1k(configuration: ConfigurationResult, scenario: Scenario) -> Interval | None:
    """Dollars per 1,000 questions at the declared volume with one-off and hosting costs spread over the horizon.
    None where the scenario asks no question."""
    questions = scenario.questions_per_month * scenario.horizon_months
    if questions <= 0:
        return None
    cost = configuration.cost
    fixed = cost.index_usd + cost.train_usd + cost.hosting_usd_month * scenario.horizon_months
    spread = fixed / questions * 1000
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
        "score": _triple(configuration.metrics.get(metric)),
        "tracks": {name: _triple(metrics.get(metric)) for name, metrics in configuration.tracks.items()},
        "latency": _triple(configuration.latency.p50) if configuration.latency else None,
        "allIn": _triple(all_in_per_1k(configuration, results.scenario)),
        "perThousand": _triple(cost.per_1k_questions_usd),
        "oneOff": cost.index_usd + cost.train_usd,
        "hosting": cost.hosting_usd_month,
    }


def _triple(estimate: Estimate | Interval | None) -> list[float] | None:
    if estimate is None:
        return None
    value = estimate.mean if isinstance(estimate, Estimate) else estimate.value
    return [value, estimate.low, estimate.high]
