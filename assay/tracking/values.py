"""Results as MLflow metrics, parameters and tags: plain functions without MLflow.

An estimate or interval called ``f1`` gives the metrics ``f1``, ``f1.low`` and ``f1.high``; what lies inside a part is
named after it (``in_training.f1``, ``cost.train_usd``, ``latency.stages.decode``).
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from eval.results import Comparison, ConfigurationResult, Results, Scalar

Value = TypeVar("Value")
LONGEST_NAME = 250
LONGEST_PARAMETER = 6000
LONGEST_TAG = 8000
# The number that an estimate, interval or volume is about takes the name of the whole.
CENTRES = ("mean", "value")


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number inside ``value`` with its dotted name. Raises ``ValueError`` for NaN and infinity, which MLflow
    would take without a word."""
    if isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from numbers(getattr(value, field), name if field in CENTRES else _below(name, field))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from numbers(inner, _below(name, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}: a number that was not measured must be absent")
        yield name, float(value)


def named(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """The pairs under names that MLflow takes: letters, digits, ``_ - .`` and space, at most 250 characters. Names that
    would come out equal are numbered, so nothing is overwritten."""
    taken: dict[str, Value] = {}
    for name, value in pairs:
        # No slash: MLflow would read it as a folder, and refuses some of them.
        plain = re.sub(r"[^\w.\- ]", "_", name).strip(". ") or "_"
        if len(plain) > LONGEST_NAME - 10:
            plain = f"{plain[: LONGEST_NAME - 20]}_{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"
        unique, number = plain, 2
        while unique in taken:
            unique, number = f"{plain}_{number}", number + 1
        taken[unique] = value
    return taken


def configuration_metrics(results: Results, configuration: ConfigurationResult) -> dict[str, float]:
    """Every number of one configuration: scores over all and by track, dev scores, latency, tokens, cost, ROI, store,
    forgetting, and how often small samples would have chosen it. Raises ``ValueError`` for NaN."""
    found: list[tuple[str, float]] = []
    for field in type(configuration).model_fields:
        if field != "params":
            found += numbers(getattr(configuration, field), "" if field in ("metrics", "tracks") else field)
    found += numbers(results.forgetting.get(configuration.id, {}), "forgetting")
    if results.small_sample is not None and configuration.id in results.small_sample.winners:
        found.append(("small_sample.share_first", results.small_sample.winners[configuration.id]))
    return named(found)


def configuration_parameters(configuration: ConfigurationResult) -> dict[str, str]:
    """What the configuration is: its cell of the grid, what it was given, and every field of its stages."""
    own: dict[str, Scalar] = {
        "id": configuration.id,
        "arm": configuration.arm,
        "inputs": ", ".join(configuration.inputs),
        "selected_on_dev": configuration.selected_on_dev,
        "cross_model": configuration.cross_model,
        "seeds": configuration.seeds,
    }
    return named((name, text(value)) for name, value in (own | dict(configuration.params)).items())


def configuration_tags(results: Results, configuration: ConfigurationResult) -> dict[str, str]:
    """What to filter configurations by."""
    return {
        "assay.kind": "configuration",
        "assay.fingerprint": configuration.fingerprint,
        "assay.pareto": text(configuration.id in results.pareto),
        "assay.recommended": text(configuration.id == results.recommendation.id),
        "assay.selected_on_dev": text(configuration.selected_on_dev),
    }


def experiment_metrics(results: Results) -> dict[str, float]:
    """Comparisons, break-even volumes, the recommended configuration's score and money, and what the run took."""
    best = results.configuration(results.recommendation.id)
    found: list[tuple[str, float]] = []
    for comparison in results.comparisons:
        found += numbers(comparison, _compared(comparison))
    for even in results.break_even:
        found += numbers(even, f"break_even.{even.on}.{even.a}_vs_{even.b}")
    score = {results.primary_metric: best.metrics.get(results.primary_metric)}
    found += numbers({"scores": score, "cost": best.cost, "roi": best.roi}, "recommended")
    found += numbers(results.small_sample, "small_sample")
    found += numbers(results.timings, "seconds")
    return named(found)


def experiment_parameters(results: Results) -> dict[str, str]:
    """What was declared: data, seed, scenario, prices; and the machine and versions it ran on."""
    own: dict[str, Any] = {
        "seed": results.seed,
        "primary_metric": results.primary_metric,
        "dataset": results.dataset.model_dump(),
        "scenario": results.scenario.model_dump(),
        "environment": results.environment.model_dump(),
    }
    return named(_leaves(own))


def experiment_tags(results: Results) -> dict[str, str]:
    """The verdicts: recommendation, Pareto front, comparisons, break-even; warnings and what is absent, with why."""
    tags = {
        "assay.kind": "experiment",
        "assay.recommendation": results.recommendation.id,
        "assay.recommendation.because": results.recommendation.because,
        "assay.recommendation.rule": results.recommendation.rule,
        "assay.pareto": json.dumps(results.pareto, ensure_ascii=False),
    }
    for comparison in results.comparisons:
        winner = {"a": comparison.a, "b": comparison.b}.get(comparison.verdict, comparison.verdict)
        tags[f"assay.{_compared(comparison)}"] = f"{winner} (exploratory)" if comparison.exploratory else winner
    for even in results.break_even:
        tags[f"assay.break_even.{even.on}.{even.a}_vs_{even.b}"] = even.status
    if results.warnings:
        tags["assay.warnings"] = "\n".join(results.warnings)
    tags |= {f"assay.absent.{name}": reason for name, reason in results.absent.items()}
    return named(tags.items())


def text(value: Scalar) -> str:
    """A parameter as it is shown: ``true``, ``false``, ``none``, numbers as Python writes them."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def clip(value: str, longest: int) -> str:
    """``value``, cut with an ellipsis where it is longer than MLflow keeps."""
    return value if len(value) <= longest else value[: longest - 1] + "…"


def _compared(comparison: Comparison) -> str:
    return f"comparison.{comparison.a}_vs_{comparison.b}.{comparison.metric}"


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, _below(name, key))
    else:
        yield name, text(value)


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
