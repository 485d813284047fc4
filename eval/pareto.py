"""Pareto front: the configurations that nothing else beats on both accuracy and cost (or latency)."""

from collections.abc import Mapping


def pareto_front(points: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Ids on the front of ``points`` {id: (accuracy, cost)}, cheapest first; cost may be dollars or seconds.

    A point is off the front where another is at least as accurate and at most as costly, and better in one of the
    two. Points that agree in both stand on the front together, in the order given. The front is of the estimates; it
    says nothing about whether neighbours differ, which the comparisons do. Raises ``ValueError`` on NaN.
    """
    for identifier, point in points.items():
        if any(value != value for value in point):
            raise ValueError(f"{identifier}: a Pareto front needs an accuracy and a cost, not {point}")
    front: list[str] = []
    best, cost_of_best = float("-inf"), float("nan")
    for identifier, (accuracy, cost) in sorted(points.items(), key=lambda item: (item[1][1], -item[1][0])):
        if accuracy > best:
            best, cost_of_best = accuracy, cost
            front.append(identifier)
        elif accuracy == best and cost == cost_of_best:
            front.append(identifier)
    return tuple(front)
