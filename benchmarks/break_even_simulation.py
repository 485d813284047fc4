"""Claim: the 95 % sets of break-even volume, cost per correct answer and ROI hold the truth at least 93 % of the time.

Run ``python benchmarks/break_even_simulation.py [--repetitions 2000]``. Each population is drawn again and again, and
the share of sets that hold the known truth is printed with its standard error, beside the share of false statements
(a break-even claimed where there is none, or denied where there is one). The figures stand in docs/economics.md.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.special import ndtri

from eval.economics.break_even import Basis, break_even
from eval.economics.candidate import Candidate
from eval.economics.mean_interval import Clusters
from eval.economics.per_correct import cost_per_correct
from eval.economics.roi import roi
from eval.economics.spending import Spending
from eval.economics.worth import Outcomes
from eval.results import BreakEven, Scenario

SCENARIO = Scenario(
    questions_per_month=10_000,
    horizon_months=12,
    correct_usd=1.0,
    wrong_usd=0.5,
    escalation_usd=0.8,
    status_quo="no_system",
    price_book="simulation",
    prices_dated="2026-01-01",
)
FIXED = 100.0
"""Fixed cost of ``a`` above that of ``b``, dollars."""


@dataclass(frozen=True)
class Population:
    """Two configurations: accuracies, how alike they answer, what a question costs, clustering and training seeds.

    ``spread`` is the standard deviation of the logarithm of a question's cost. ``alike`` is the correlation of the
    latent abilities with the question's difficulty, ``clustered`` the share of that difficulty that a cluster of four
    shares, ``seed_spread`` the standard deviation of the latent ability of ``a`` over training seeds.
    """

    name: str
    accuracy: tuple[float, float]
    usd: tuple[float, float]
    alike: float = 0.6
    spread: float = 0.5
    clustered: float = 0.0
    seeds: int = 1
    seed_spread: float = 0.0
    abstain: float = 0.3

    def draw(self, questions: int, generator: np.random.Generator) -> tuple[Candidate, Candidate, Clusters]:
        """Both configurations on the same random questions, and the questions' clusters."""
        size = 4 if self.clustered else 1
        clusters = np.arange(questions) // size
        common = np.repeat(generator.normal(size=questions // size + 1), size)[:questions]
        own = generator.normal(size=questions)
        difficulty = np.sqrt(self.clustered) * common + np.sqrt(1 - self.clustered) * own
        made = []
        for index, (accuracy, usd) in enumerate(zip(self.accuracy, self.usd, strict=True)):
            seeds = self.seeds if index == 0 else 1
            noise = generator.normal(size=(seeds, questions))
            effect = generator.normal(size=(seeds, 1)) * (self.seed_spread if index == 0 else 0.0)
            latent = np.sqrt(self.alike) * difficulty + np.sqrt(1 - self.alike) * noise + effect
            bar = ndtri(accuracy) * np.sqrt(1 + (self.seed_spread**2 if index == 0 else 0.0))
            correct = (latent < bar).astype(float)
            abstained = (1 - correct) * (generator.random((seeds, questions)) < self.abstain)
            # Harder questions are longer, so cost and outcome hang together.
            length = 0.5 * difficulty + np.sqrt(0.75) * generator.normal(size=questions)
            dollars = usd * np.exp(self.spread * length - self.spread**2 / 2)
            spending = Spending(FIXED if index == 0 else 0.0, 0.0, float(dollars.mean()))
            made.append(Candidate("ab"[index], spending, dollars, Outcomes(correct, abstained)))
        return made[0], made[1], clusters

    def worth(self, index: int) -> float:
        """True net worth of one question."""
        right, silent = self.accuracy[index], (1 - self.accuracy[index]) * self.abstain
        wrong = 1 - right - silent
        value = right * SCENARIO.correct_usd - wrong * SCENARIO.wrong_usd
        return value + silent * (SCENARIO.correct_usd - SCENARIO.escalation_usd) - self.usd[index]

    def gain(self, on: Basis) -> float:
        """True gain of ``a`` per question, dollars."""
        return self.usd[1] - self.usd[0] if on == "cost" else self.worth(0) - self.worth(1)


POPULATIONS = (
    Population("cost far apart", (0.6, 0.6), (0.002, 0.01)),
    Population("cost near", (0.6, 0.6), (0.0099, 0.01)),
    Population("cost equal", (0.6, 0.6), (0.01, 0.01)),
    Population("cost equal, heavy tail", (0.6, 0.6), (0.01, 0.01), spread=1.0),
    Population("cost far apart, heavy tail", (0.6, 0.6), (0.002, 0.01), spread=1.0),
    Population("a slightly dearer", (0.6, 0.6), (0.0102, 0.01)),
    Population("a better by 0.10", (0.7, 0.6), (0.002, 0.01)),
    Population("a better by 0.02", (0.62, 0.6), (0.002, 0.01)),
    Population("equal answers, near-zero gain", (0.6, 0.6), (0.0099, 0.01)),
    Population("both near ceiling", (0.98, 0.97), (0.002, 0.01)),
    Population("both near floor", (0.02, 0.03), (0.002, 0.01)),
    Population("nearly identical answers", (0.7, 0.7), (0.002, 0.01), alike=0.99),
    Population("clusters of four", (0.65, 0.6), (0.002, 0.01), clustered=0.7),
    Population("clusters of four, equal", (0.6, 0.6), (0.01, 0.01), clustered=0.7),
    Population("three seeds, spread 0.2", (0.65, 0.6), (0.002, 0.01), seeds=3, seed_spread=0.2),
    Population("three seeds, no spread", (0.65, 0.6), (0.002, 0.01), seeds=3),
)


def holds(found: BreakEven, gain: float) -> bool:
    """Whether the set holds the truth: volume FIXED / gain, or none where the gain is not positive."""
    if found.status == "always_b":
        return gain <= 0
    if found.status == "always_a":
        return False
    if found.questions is None:
        return True
    if gain <= 0:
        return found.questions.high is None
    volume = FIXED / gain
    return found.questions.low <= volume and (found.questions.high is None or volume <= found.questions.high)


def false_statement(found: BreakEven, gain: float) -> bool:
    """A break-even claimed where there is none, or the reverse."""
    return (found.status == "at" and gain <= 0) or (found.status == "always_b" and gain > 0)


def trial(population: Population, questions: int, generator: np.random.Generator) -> dict[str, float]:
    """1 where a set held the truth (NaN where there was none), and 1 for a false break-even statement."""
    a, b, clusters = population.draw(questions, generator)
    row: dict[str, float] = {}
    bases: tuple[Basis, ...] = ("cost", "net_value")
    for on in bases:
        found = break_even(a, b, SCENARIO, clusters, on=on, draws=1000)
        row[on] = holds(found, population.gain(on))
        row[f"false_{on}"] = false_statement(found, population.gain(on))
    asked = SCENARIO.questions_per_month * SCENARIO.horizon_months
    price, _ = cost_per_correct(a, SCENARIO, clusters)
    truth = (population.usd[0] + FIXED / asked) / population.accuracy[0]
    row["per_correct"] = price.low <= truth <= price.high if price else np.nan
    found_roi = roi(a, SCENARIO, clusters, {})
    spent = FIXED + asked * population.usd[0]
    benefit = population.worth(0) + population.usd[0] - (SCENARIO.correct_usd - SCENARIO.escalation_usd)
    net, ratio = asked * benefit - spent, asked * benefit / spent - 1
    row["net"] = found_roi.net_usd.low <= net <= found_roi.net_usd.high
    row["ratio"] = found_roi.ratio.low <= ratio <= found_roi.ratio.high if found_roi.ratio else np.nan
    return row


def coverage(population: Population, questions: int, repetitions: int, seed: int = 0) -> dict[str, float]:
    """Shares over ``repetitions`` samples; ``absent_per_correct`` is the share without that interval."""
    generator = np.random.default_rng([seed, questions])
    rows = [trial(population, questions, generator) for _ in range(repetitions)]
    shares = {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
    shares["absent_per_correct"] = float(np.mean([np.isnan(row["per_correct"]) for row in rows]))
    return shares


def main(report: Callable[[str], None] = print) -> None:
    """Print one Markdown row per population and sample size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    repetitions = parser.parse_args().repetitions
    columns: tuple[str, ...] = (
        "cost",
        "net_value",
        "false_cost",
        "false_net_value",
        "per_correct",
        "absent_per_correct",
    )
    columns += ("net", "ratio")
    report("| population | n | " + " | ".join(columns) + " |")
    report("|---" * (len(columns) + 2) + "|")
    started = perf_counter()
    for population in POPULATIONS:
        for questions in (30, 100, 300):
            shares = coverage(population, questions, repetitions)
            cells = " | ".join(f"{100 * shares[name]:.1f}" for name in columns)
            report(f"| {population.name} | {questions} | {cells} |")
    error = 100 * np.sqrt(0.95 * 0.05 / repetitions)
    report(f"\n{repetitions} repetitions, standard error {error:.1f} points, {perf_counter() - started:.0f} s.")


if __name__ == "__main__":
    main()
