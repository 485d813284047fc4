"""Do the intervals cover and do the tests keep their level? Simulated on named populations with known truth.

    python benchmarks/statistics_simulation.py [--simulations 2000] [--write docs/statistics.md]

Coverage must be at least 93 % in every cell, and the share of families with any false verdict at most 5 % plus two
standard errors. The tables go to standard output and, with ``--write``, between the markers of the page.

A population is a quantile function applied to a Gaussian latent score, so that its true mean is known exactly
whatever the clustering and the training seeds: score = cluster part + question part + seed part, scaled to variance 1.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from eval.statistics import compare_family, interval

Floats = NDArray[np.float64]
SIZES = (30, 100, 300)
MARKERS = ("<!-- simulation:start -->", "<!-- simulation:end -->")
DRAWS = 4000
FAMILY = 6
BLOCK = 100
"""Simulations that share one seed of the method under test, so that its resampling weights are made once."""


def spread(zeros: float, ones: float, low: float = 0.0, high: float = 1.0) -> Callable[[Floats], Floats]:
    """Quantile function: a share ``zeros`` at 0, ``ones`` at 1, the rest evenly between ``low`` and ``high``."""

    def quantile(u: Floats) -> Floats:
        middle = low + (high - low) * (u - zeros) / max(1 - zeros - ones, 1e-12)
        return np.where(u < zeros, 0.0, np.where(u > 1 - ones, 1.0, middle))

    return quantile


@dataclass(frozen=True)
class Population:
    """Where questions and their values come from. ``mean`` is the true mean of every configuration."""

    name: str
    quantile: Callable[[Floats], Floats]
    mean: float
    cluster_sizes: tuple[int, ...] = (1,)
    within: float = 0.0
    """Share of the latent variance that a cluster has in common."""
    seeds: int = 1
    other: Callable[[Floats], Floats] | None = None
    """Quantile function, of the same mean, of every configuration but the first."""
    seed_deviation: float = 0.0
    """Standard deviation of a training run on the latent scale; 0.1 moves an accuracy near 50 % by about 0.04."""

    def clusters(self, n: int, rng: np.random.Generator) -> NDArray[np.intp] | None:
        """Cluster labels of ``n`` questions; sizes are drawn evenly from ``cluster_sizes``."""
        if self.cluster_sizes == (1,):
            return None
        sizes = rng.choice(self.cluster_sizes, size=n)
        return np.repeat(np.arange(n), sizes)[:n]

    def draw(
        self, n: int, rng: np.random.Generator, configurations: int = 1, shared: float = 0.0
    ) -> tuple[Floats, NDArray[np.intp] | None]:
        """Values ``[configurations, seeds, n]`` and cluster labels; configurations share ``shared`` of the variance."""
        clusters = self.clusters(n, rng)
        labels = np.arange(n) if clusters is None else clusters
        own = 0.5 if self.seeds > 1 else 0.0
        score = np.zeros((configurations, self.seeds, n))
        for part, size in ((shared, 1), (1 - shared, configurations)):
            by_cluster = rng.standard_normal((size, 1, n))[:, :, labels]
            by_question = rng.standard_normal((size, 1, n))
            score += (
                np.sqrt(part * self.within) * by_cluster + np.sqrt(part * (1 - self.within) * (1 - own)) * by_question
            )
        if own:
            score += np.sqrt((1 - self.within) * own) * rng.standard_normal(score.shape)
        score += self.seed_deviation * rng.standard_normal((configurations, self.seeds, 1))
        ranks = ndtr(score / np.sqrt(1 + self.seed_deviation**2))
        values = self.quantile(ranks)
        if self.other is not None:
            values[1:] = self.other(ranks[1:])
        return values, clusters


FLOOR, CEILING = spread(0.94, 0.0, 0.2, 1.0), spread(0.0, 0.94, 0.0, 0.8)
BIMODAL = spread(0.45, 0.35)
POPULATIONS = (
    Population("accuracy 0.97", spread(0.03, 0.97), 0.97),
    Population("floor-like F1", FLOOR, 0.036),
    Population("ceiling-like F1", CEILING, 0.964),
    Population("bimodal F1", BIMODAL, 0.45),
    Population("small values, rarely 1", spread(0.0, 0.03, 0.0, 0.05), 0.03 + 0.97 * 0.025),
    Population("bimodal, clusters of 4", BIMODAL, 0.45, (4,), 0.4),
    Population("bimodal, strongly clustered", BIMODAL, 0.45, (4,), 0.95),
    Population("bimodal, clusters of 1 to 8", BIMODAL, 0.45, (1, 1, 2, 3, 8), 0.6),
    Population("floor-like, clusters of 4", FLOOR, 0.036, (4,), 0.6),
    Population("bimodal, 3 seeds alike", BIMODAL, 0.45, seeds=3, seed_deviation=0.03),
    Population("bimodal, 3 seeds apart", BIMODAL, 0.45, seeds=3, seed_deviation=0.3),
    Population("clusters of 4, 3 seeds", BIMODAL, 0.45, (4,), 0.4, seeds=3, seed_deviation=0.1),
)
NULLS = (
    Population("accuracy 0.6", spread(0.4, 0.6), 0.6),
    Population("floor-like F1", FLOOR, 0.036),
    Population("bimodal F1", BIMODAL, 0.45),
    Population("bimodal, clusters of 4", BIMODAL, 0.45, (4,), 0.4),
    Population("bimodal, strongly clustered", BIMODAL, 0.45, (4,), 0.95),
    Population("bimodal, clusters of 1 to 8", BIMODAL, 0.45, (1, 1, 2, 3, 8), 0.6),
    Population("bimodal, 3 seeds alike", BIMODAL, 0.45, seeds=3, seed_deviation=0.03),
    Population("bimodal, 3 seeds apart", BIMODAL, 0.45, seeds=3, seed_deviation=0.3),
    Population("clusters of 4, 3 seeds", BIMODAL, 0.45, (4,), 0.4, seeds=3, seed_deviation=0.1),
    Population("rarely 1 against always low", spread(0.97, 0.03), 0.03, other=spread(0.0, 0.0, 0.0, 0.06)),
    Population("sometimes 1 against always low", spread(0.9, 0.1), 0.1, other=spread(0.0, 0.0, 0.0, 0.2)),
    Population("often 1 against always middling", spread(0.7, 0.3), 0.3, other=spread(0.0, 0.0, 0.0, 0.6)),
)


def coverage(population: Population, n: int, simulations: int, *, ignore: str = "") -> tuple[float, float]:
    """Share of intervals that hold the true mean, and their mean width. ``ignore`` leaves the ``clusters`` or the
    ``seeds`` out of the analysis, to show what that costs."""
    rng = np.random.default_rng([n, simulations, sum(population.name.encode())])
    hits, width = 0, 0.0
    for simulation in range(simulations):
        values, clusters = population.draw(n, rng)
        analysed = values[0].mean(axis=0) if ignore == "seeds" else values[0]
        labels = None if ignore == "clusters" else clusters
        found = interval(analysed, labels, seed=simulation // BLOCK, draws=DRAWS)
        hits += found.low - 1e-12 <= population.mean <= found.high + 1e-12
        width += found.high - found.low
    return hits / simulations, width / simulations


@dataclass(frozen=True)
class FamilyRates:
    """Shares of simulated families: with a wrong ``a`` or ``b``, with a wrong ``equivalent``, with every interval
    holding its true difference; and the shares of contrasts called ``equivalent`` or ``a`` | ``b``."""

    wrong_winner: float
    wrong_equivalent: float
    simultaneous: float
    equivalent: float
    shown: float


def family(
    population: Population, n: int, simulations: int, shifts: tuple[float, ...], *, ignore: str = "", draws: int = DRAWS
) -> FamilyRates:
    """Compare ``len(shifts)`` configurations with a common baseline. ``shifts`` are true differences: with
    probability ``|shift|`` a question's value is replaced by 1 (or 0), scaled so that the mean moves by ``shift``."""
    rng = np.random.default_rng([n, simulations, sum(population.name.encode()), len(shifts)])
    names = [str(i) for i in range(len(shifts))]
    counts = np.zeros(5)
    for simulation in range(simulations):
        values, clusters = population.draw(n, rng, configurations=len(shifts) + 1, shared=0.5)
        for row, shift in enumerate(shifts, start=1):
            rate = abs(shift) / ((1 - population.mean) if shift > 0 else population.mean)
            values[row] = np.where(rng.random(n) < rate, float(shift > 0), values[row])
        if ignore == "seeds":
            values = values.mean(axis=1, keepdims=True)
        found = compare_family(
            [(name, "baseline") for name in names],
            dict(zip(["baseline", *names], values, strict=True)),
            None if ignore == "clusters" else clusters,
            metric="f1",
            seed=simulation,
            draws=draws,
        )
        pairs = list(zip(found, shifts, strict=True))
        counts += (
            any(c.verdict in "ab" and np.sign(c.delta) != np.sign(shift) for c, shift in pairs),
            any(c.verdict == "equivalent" and abs(shift) >= c.margin for c, shift in pairs),
            all(c.low - 1e-12 <= shift <= c.high + 1e-12 for c, shift in pairs),
            sum(c.verdict == "equivalent" for c in found) / len(found),
            sum(c.verdict in "ab" for c in found) / len(found),
        )
    return FamilyRates(*(float(rate) for rate in counts / simulations))


def allowed(simulations: int) -> float:
    """The greatest share of false verdicts that is still in keeping with 5 %: two standard errors above it."""
    return float(0.05 + 2 * np.sqrt(0.05 * 0.95 / simulations))


def coverage_table(simulations: int) -> Iterator[str]:
    """Coverage and mean width of the 95 % interval, one row a population."""
    yield "| population | " + " | ".join(f"n = {n}" for n in SIZES) + " |"
    yield "|---|" + "---|" * len(SIZES)
    strong, apart = POPULATIONS[6], POPULATIONS[10]
    rows = [(population, "") for population in POPULATIONS] + [(strong, "clusters"), (apart, "seeds")]
    for population, ignore in rows:
        cells = [coverage(population, n, simulations, ignore=ignore) for n in SIZES]
        name = f"*{population.name}, {ignore} ignored (wrong on purpose)*" if ignore else population.name
        low = "" if ignore or min(cell[0] for cell in cells) >= 0.93 else " **below 93 %**"
        yield f"| {name}{low} | " + " | ".join(f"{100 * c:.1f} % ({width:.3f})" for c, width in cells) + " |"


def family_table(simulations: int) -> Iterator[str]:
    """Share of families with a false ``a`` or ``b`` when no configuration differs."""
    yield "| population, no true difference | " + " | ".join(f"n = {n}" for n in SIZES) + " |"
    yield "|---|" + "---|" * len(SIZES)
    rows = [(population, "") for population in NULLS] + [(NULLS[4], "clusters"), (NULLS[7], "seeds")]
    for population, ignore in rows:
        cells = [family(population, n, simulations, (0.0,) * FAMILY, ignore=ignore) for n in SIZES]
        name = f"*{population.name}, {ignore} ignored (wrong on purpose)*" if ignore else population.name
        high = " **above**" if not ignore and max(c.wrong_winner for c in cells) > allowed(simulations) else ""
        shown = " | ".join(f"{100 * c.wrong_winner:.1f} % (hold {100 * c.simultaneous:.1f} %)" for c in cells)
        yield f"| {name}{high} | {shown} |"


def mixed_table(simulations: int) -> Iterator[str]:
    """Families in which some contrasts truly differ: by a lot, or by the margin exactly."""
    yield "| family | n | wrong a or b | wrong equivalent | all intervals hold | called a or b | called equivalent |"
    yield "|---|---|---|---|---|---|---|"
    alike = replace(BIMODAL_PAIRS, name="paired alike")
    for label, population, shifts in (
        ("three of six differ by 0.15", NULLS[2], (0.15,) * 3 + (0.0,) * 3),
        ("five of six differ by 0.15", NULLS[2], (0.15,) * 5 + (0.0,)),
        ("all differ by the margin, 0.03", alike, (0.03,) * FAMILY),
        ("none differs", alike, (0.0,) * FAMILY),
    ):
        for n in (100, 300):
            r = family(population, n, simulations, shifts)
            rates = (r.wrong_winner, r.wrong_equivalent, r.simultaneous, r.shown, r.equivalent)
            yield f"| {label} | {n} | " + " | ".join(f"{100 * rate:.1f} %" for rate in rates) + " |"


BIMODAL_PAIRS = Population("values from 0.4 to 0.6", spread(0.0, 0.0, 0.4, 0.6), 0.5)


def main() -> None:
    """Run the simulations, print the tables and, if asked, put them on the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--simulations", type=int, default=2000, help="simulations a cell (coverage; half for families)"
    )
    parser.add_argument("--write", type=Path, help="page to put the tables on, between its markers")
    options = parser.parse_args()
    started, lines = time.process_time(), []
    half = max(options.simulations // 2, 1)
    for title, table, simulations in (
        ("Coverage of the 95 % interval (mean width)", coverage_table, options.simulations),
        (f"False verdicts in families of {FAMILY} against one baseline", family_table, half),
        ("Families with true differences", mixed_table, half),
    ):
        lines += ["", f"### {title}", "", f"{simulations} simulations a cell.", ""]
        print("\n".join(lines[-5:]))
        for line in table(simulations):
            lines.append(line)
            print(line, flush=True)
    print(f"\n{time.process_time() - started:.0f} s of processor time", file=sys.stderr)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, rest = page.split(MARKERS[0])
        after = rest.split(MARKERS[1])[1]
        text = "\n".join(lines)
        options.write.write_text(f"{before}{MARKERS[0]}\n{text}\n\n{MARKERS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
