"""A judge of answer pairs against people's preferences (PandaLM, Wang et al. 2024), each pair asked in both orders.

A judge that likes the first place says A twice. So a win counts only where it stands in both orders, and a pair whose
verdict turns with the order is a tie (Zheng et al. 2023, "Judging LLM-as-a-Judge", section 3.4).
"""

import re
from collections.abc import Sequence
from importlib.resources import files

from eval.judging.agreement import LEAST_ROWS, between_people, cohen_kappa, kappa_interval, majority
from eval.judging.conversations import Conversation, Progress, asked, hold
from eval.judging.judge import Judge
from eval.judging.labelled import Choice, PreferenceRow
from eval.judging.results import Agreement, PreferenceAgreement
from eval.statistics.seeds import fan_out
from pipelines.prompt_files import fill

MOST_UNPARSABLE = 0.05
"""Share of unreadable judgements above which there is no score."""
_VERDICT = re.compile(r"\W*(?:answer\s+)?(a|b|tie)(?=\s*(?:$|[\n.,:;!)*\"])|\s+(?:is|wins)\b)", re.IGNORECASE)
"""One word, not the article of "a tie"."""
_SWAPPED: dict[Choice, Choice] = {"a": "b", "b": "a", "tie": "tie"}
_REPLY_TOKENS = 16


def preference_agreement(
    judge: Judge, rows: Sequence[PreferenceRow], *, seed: int = 0, prompt: str = "", progress: Progress | None = None
) -> PreferenceAgreement:
    """How often, chance taken out, ``judge`` prefers what the majority of people prefer.

    ``prompt`` with {instruction}, {answer_a} and {answer_b} replaces the built-in one. Rows without a majority are left
    out of the agreement and counted. Above 5 % unreadable rows there is no agreement.
    """
    prompt = prompt or files(__package__).joinpath("prompts", "preference.txt").read_text(encoding="utf-8").rstrip()
    orders = [one for row in rows for one in ((row.answer_a, row.answer_b), (row.answer_b, row.answer_a))]
    asking: list[Conversation[Choice | None]] = [
        _verdict(fill(prompt, instruction=rows[number // 2].instruction, answer_a=first, answer_b=second))
        for number, (first, second) in enumerate(orders)
    ]
    said, usage = hold(asking, judge, _REPLY_TOKENS, progress)
    pairs = [(one, other and _SWAPPED[other]) for one, other in zip(said[::2], said[1::2], strict=True)]
    verdicts = [_standing(one, other) for one, other in pairs]
    unparsable = sum(verdict is None for verdict in verdicts)
    flipped = sum(None not in pair and pair[0] != pair[1] for pair in pairs)
    truth = [majority(row.votes) for row in rows]
    known = [(v, t) for v, t in zip(verdicts, truth, strict=True) if v is not None and t is not None]
    absent = ""
    if unparsable > MOST_UNPARSABLE * len(rows):
        absent = f"{unparsable} of {len(rows)} pairs have no readable verdict, more than {MOST_UNPARSABLE:.0%}"
    elif len(known) < LEAST_ROWS:
        absent = f"{len(known)} pairs with a majority and a verdict; at least {LEAST_ROWS} are needed"
    elif len({t for _, t in known}) < 2:
        absent = "people gave every pair the same label, so no judge could be told from chance"
    found = None if absent else _agreement(known, rows, unparsable, sum(t is None for t in truth), seed)
    share = None if absent else sum(v == t for v, t in known) / len(known)
    return PreferenceAgreement(
        judge=judge.name,
        rows=len(rows),
        flipped=flipped,
        unparsable=unparsable,
        share=share,
        agreement=found,
        absent=absent,
        usage=usage,
    )


def _standing(one: Choice | None, other: Choice | None) -> Choice | None:
    """The verdict of both orders, the second one turned back."""
    if one is None or other is None:
        return None
    return one if one == other else "tie"


async def _verdict(prompt: str) -> Choice | None:
    """The first word of the reply, if it is a verdict."""
    answer = await asked(prompt)
    found = None if answer.error else _VERDICT.match(answer.text)
    verdicts: dict[str, Choice] = {"a": "a", "b": "b", "tie": "tie"}
    return verdicts[found[1].lower()] if found else None


def _agreement(
    known: Sequence[tuple[Choice, Choice]], rows: Sequence[PreferenceRow], unparsable: int, undecided: int, seed: int
) -> Agreement:
    said, truly = [v for v, _ in known], [t for _, t in known]
    value = cohen_kappa(said, truly)
    low, high = kappa_interval(said, truly, seed=fan_out(seed, "kappa", "preference"))
    return Agreement(
        statistic="cohen_kappa",
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=len(known),
        unparsable=unparsable,
        undecided=undecided,
        human=between_people([row.votes for row in rows], categories=True),
    )
