"""A fast version of benchmarks/break_even_simulation.py; the full figures stand in docs/economics.md."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

REPETITIONS = 200
FLOOR = 0.93 - 2 * np.sqrt(0.95 * 0.05 / REPETITIONS)
"""93 % less two standard errors of so few repetitions."""


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "break_even_simulation.py"
    spec = importlib.util.spec_from_file_location("break_even_simulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "cost far apart, heavy tail",
        "cost equal",
        "equal answers, near-zero gain",
        "clusters of four",
        "three seeds, spread 0.2",
    ],
)
def test_sets_hold_the_truth(simulation: ModuleType, name: str) -> None:
    population = next(one for one in simulation.POPULATIONS if one.name == name)
    shares = simulation.coverage(population, 60, REPETITIONS, seed=1)
    for quantity in ("cost", "net_value", "per_correct", "net", "ratio"):
        assert shares[quantity] >= FLOOR, quantity
    assert shares["false_cost"] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / REPETITIONS)
    assert shares["false_net_value"] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / REPETITIONS)
