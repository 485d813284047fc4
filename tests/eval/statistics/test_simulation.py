"""A small part of ``benchmarks/statistics_simulation.py``, so that the claims of ``docs/statistics.md`` can fail."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow
SIMULATIONS = 400
LEAST_COVERAGE = 0.93 - 2 * (0.93 * 0.07 / SIMULATIONS) ** 0.5
"""93 % less two standard errors of the simulation."""


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "statistics_simulation.py"
    spec = importlib.util.spec_from_file_location("statistics_simulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("n", [30, 100])
@pytest.mark.parametrize("index", range(12))
def test_the_interval_covers_the_true_mean(simulation: ModuleType, index: int, n: int) -> None:
    covered, _ = simulation.coverage(simulation.POPULATIONS[index], n, SIMULATIONS)
    assert covered >= LEAST_COVERAGE


def test_ignoring_clusters_would_not_cover(simulation: ModuleType) -> None:
    strong = next(p for p in simulation.POPULATIONS if p.name == "bimodal, strongly clustered")
    covered, _ = simulation.coverage(strong, 100, SIMULATIONS, ignore="clusters")
    assert covered < LEAST_COVERAGE


@pytest.mark.parametrize(
    "name", ["accuracy 0.6", "bimodal F1", "bimodal, strongly clustered", "bimodal, 3 seeds apart"]
)
def test_a_family_without_differences_gives_few_false_verdicts(simulation: ModuleType, name: str) -> None:
    population = next(p for p in simulation.NULLS if p.name == name)
    rates = simulation.family(population, 100, 300, (0.0,) * 6, draws=2000)
    assert rates.wrong_winner <= simulation.allowed(300)
    assert rates.wrong_equivalent == 0.0


def test_ignoring_clusters_would_give_many_false_verdicts(simulation: ModuleType) -> None:
    strong = next(p for p in simulation.NULLS if p.name == "bimodal, strongly clustered")
    rates = simulation.family(strong, 100, 100, (0.0,) * 6, ignore="clusters", draws=2000)
    assert rates.wrong_winner > simulation.allowed(100)
