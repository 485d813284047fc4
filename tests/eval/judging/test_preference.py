import json
from pathlib import Path

import pytest

from eval.judging import PreferenceRow, judge_from, preference_agreement
from eval.judging.agreement import between_people, cohen_kappa

PANDALM = Path(__file__).parents[4] / "shared" / "data" / "pandalm" / "testset-v1.json"


def rows(*labels: str) -> list[PreferenceRow]:
    """The better answer is longer; a tie has two of one length."""
    lengths = {"a": (9, 3), "b": (3, 9), "tie": (5, 5)}
    made = []
    for number, label in enumerate(labels):
        a, b = lengths[label]
        made.append(
            PreferenceRow(instruction=f"task {number}", answer_a="x" * a, answer_b="x" * b, labels=(label,) * 3)  # type: ignore[arg-type]
        )
    return made


def longer(prompt: str) -> str:
    a, b = (prompt.rpartition(f"Answer {name}: ")[2].partition("\n")[0] for name in ("A", "B"))
    return "Tie." if len(a) == len(b) else "A" if len(a) > len(b) else "B"


def test_judge_that_is_always_right() -> None:
    # 12 pairs in two orders, and two pairs whose answers are alike, so that both orders are one prompt.
    found = preference_agreement(judge_from(longer), rows(*"aabbaabbaabb", "tie", "tie"))
    assert (found.flipped, found.unparsable, found.share, found.usage.calls) == (
        0,
        0,
        1.0,
        26,
    )  # equal answers swapped are the same
    assert found.agreement is not None
    assert (found.agreement.value, found.agreement.human) == (1.0, 1.0)
    assert found.agreement.low < 0.95


def test_judge_that_likes_the_first_place_calls_every_pair_a_tie() -> None:
    found = preference_agreement(judge_from(lambda prompt: "A"), rows(*"aabbaabbaabb"))
    assert (found.flipped, found.share) == (12, 0.0)
    assert found.agreement is not None
    assert found.agreement.value == 0.0


def test_verdict_that_turns_with_the_order_in_some_pairs() -> None:
    # Right in both orders on ten pairs; on the two of task 0 and 1 it says A whatever stands there.
    def unsure(prompt: str) -> str:
        return "A" if "task 0\n" in prompt or "task 1\n" in prompt else longer(prompt)

    found = preference_agreement(judge_from(unsure), rows(*"aaaaaabbbbbb"))
    assert (found.flipped, found.share) == (2, pytest.approx(10 / 12))
    # People: 6 a, 6 b. Judge: 4 a, 6 b, 2 tie. Chance 1/2 * 4/12 + 1/2 * 6/12 = 5/12: (10 - 5) / (12 - 5).
    assert found.agreement is not None
    assert found.agreement.value == pytest.approx(5 / 7)


@pytest.mark.parametrize(("lost", "present"), [(1, True), (2, False)])
def test_more_than_five_percent_unreadable_pairs_leave_no_agreement(lost: int, present: bool) -> None:
    def shy(prompt: str) -> str:
        return "I cannot say" if any(f"task {number}\n" in prompt for number in range(lost)) else longer(prompt)

    found = preference_agreement(judge_from(shy), rows(*"aabb" * 5))
    assert found.unparsable == lost
    assert (found.agreement is not None) is present
    assert bool(found.absent) is not present


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("A", "a"),
        (" b\n", "b"),
        ('"Tie"', "tie"),
        ("Answer B.", "b"),
        ("**A**", "a"),
        ("B is better", "b"),
        ("A tie", None),
        ("A good answer is B", None),
        ("Both", None),
        ("", None),
    ],
)
def test_only_a_first_word_is_a_verdict(reply: str, verdict: str | None) -> None:
    pair = rows("a")[0]
    found = preference_agreement(judge_from(lambda prompt: reply), [pair] * 10)
    assert found.unparsable == (10 if verdict is None else 0)
    assert found.flipped == (10 if verdict in ("a", "b") else 0)


def test_split_votes_are_left_out_and_counted() -> None:
    split = PreferenceRow(instruction="x", answer_a="x", answer_b="y", labels=("a", "b", "tie"))
    found = preference_agreement(judge_from(longer), [*rows(*"aabbaabbaabb"), split])
    assert found.agreement is not None
    assert (found.agreement.n, found.agreement.undecided) == (12, 1)


@pytest.mark.skipif(not PANDALM.is_file(), reason="the PandaLM test set is not beside the project")
def test_people_of_pandalm_agree_as_scikit_learn_says() -> None:
    reference = pytest.importorskip("sklearn.metrics").cohen_kappa_score
    choice = {0: "tie", 1: "a", 2: "b"}
    votes = [
        [choice[row[f"annotator{person}"]] for person in (1, 2, 3)]
        for row in json.loads(PANDALM.read_text(encoding="utf-8"))
    ]
    people = list(zip(*votes, strict=True))
    pairs = [(people[0], people[1]), (people[0], people[2]), (people[1], people[2])]
    expected = [reference(a, b) for a, b in pairs]
    assert [cohen_kappa(a, b) for a, b in pairs] == pytest.approx(expected, abs=1e-12)
    assert between_people(votes, categories=True) == pytest.approx(sum(expected) / 3, abs=1e-12)
