"""Which pairs of configurations a run compares."""

from collections.abc import Sequence

from eval.measured import Measured
from eval.results import ARMS


def named_contrasts(declared: Sequence[tuple[str, str]], measured: Sequence[Measured]) -> list[tuple[str, str]]:
    """The declared contrasts as pairs of configuration ids, an arm standing for its representative.

    Where none is declared, each arm's representative is compared with those of ``rag`` and of ``closed_book``.
    """
    chosen: dict[str, str] = {one.arm: one.id for one in measured if one.selected_on_dev}
    if declared:
        # An id that reads like an arm means that configuration.
        named = chosen | {one.id: one.id for one in measured}
        pairs = [(named.get(a, a), named.get(b, b)) for a, b in declared]
    else:
        baselines = [arm for arm in ("rag", "closed_book") if arm in chosen]
        pairs = [(chosen[arm], chosen[base]) for base in baselines for arm in ARMS if arm in chosen and arm != base]
    unique: list[tuple[str, str]] = []
    for a, b in pairs:
        if a != b and (a, b) not in unique and (b, a) not in unique:
            unique.append((a, b))
    return unique
