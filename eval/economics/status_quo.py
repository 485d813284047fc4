"""What is in place today, and what an answer costs and is worth there."""

from collections.abc import Mapping
from difflib import get_close_matches

from eval.economics.candidate import Candidate
from eval.results import Scenario
from pipelines.errors import UserError

NO_SYSTEM = "no_system"
"""Every question goes to a person, who answers it at the escalation cost."""


def resolve_status_quo(scenario: Scenario, candidates: Mapping[str, Candidate]) -> Candidate | float:
    """The configuration that ``scenario.status_quo`` names, or the net worth in dollars of one question without one.

    ``no_system`` is worth correct_usd - escalation_usd a question; a number is taken as that net worth itself.
    Raises ``UserError`` for a name that is neither.
    """
    name = scenario.status_quo
    if name == NO_SYSTEM:
        return scenario.correct_usd - scenario.escalation_usd
    if name in candidates:
        return candidates[name]
    try:
        return float(name)
    except ValueError:
        known = [NO_SYSTEM, *candidates]
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}, or dollars per question"
        raise UserError(f"scenario.status_quo: unknown status quo {name!r}; {hint}") from None
