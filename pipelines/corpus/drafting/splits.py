"""Drafted questions divided into train, dev and test, passage by passage."""

from collections.abc import Sequence

from pipelines.corpus.drafting import Draft
from pipelines.corpus.splits import SplitFractions, unit_hash
from pipelines.records import Split


def divide(drafts: Sequence[Draft], fractions: SplitFractions, seed: int) -> list[Split]:
    """The split of each draft. All that one passage answers stays in one split, so that no test question asks what a
    training pair says in other words. Passages are drawn by seeded hash until a split has its share: test first, then
    dev; of two or more passages each split with a share gets one as long as there are any."""
    members: dict[str, int] = {}
    for draft in drafts:
        members[draft.fact_id] = members.get(draft.fact_id, 0) + 1
    order = sorted(members, key=lambda fact: (unit_hash(seed, fact), fact))
    chosen: dict[str, Split] = {}
    splits: tuple[Split, ...] = ("test", "dev")
    for split in splits:
        wanted, taken = getattr(fractions, split) * len(drafts), 0
        while order and taken < wanted:
            fact = order.pop(0)
            chosen[fact] = split
            taken += members[fact]
    return [chosen.get(draft.fact_id, "train") for draft in drafts]
