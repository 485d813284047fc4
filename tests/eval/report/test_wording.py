"""Verdicts in plain words."""

import pandas as pd

from eval.report.wording import break_even_sentence, breakable, comparison_sentence, failures, metric_name, verdicts
from eval.results import BreakEven, Comparison, Results, Volume

BASE = Comparison(
    a="rag",
    b="closed_book",
    metric="f1",
    delta=0.31,
    low=0.22,
    high=0.40,
    p=0.001,
    p_adjusted=0.002,
    verdict="a",
    minimum_detectable=0.09,
    margin=0.03,
)
EVEN = BreakEven(
    a="lora", b="rag", on="cost", status="at", questions=Volume(value=210_000, low=150_000, high=340_000), p_never=0.02
)


def test_a_is_shown_better() -> None:
    assert comparison_sentence(BASE, 160) == "rag is shown better than closed_book by 0.31 (0.22 to 0.40)."


def test_b_is_shown_better_with_the_sign_turned() -> None:
    turned = BASE.model_copy(update={"verdict": "b", "delta": -0.31, "low": -0.40, "high": -0.22})
    assert comparison_sentence(turned, 160) == "closed_book is shown better than rag by 0.31 (0.22 to 0.40)."


def test_equivalence_names_the_margin() -> None:
    same = BASE.model_copy(update={"verdict": "equivalent", "delta": -0.004, "low": -0.025, "high": 0.017})
    assert comparison_sentence(same, 160) == (
        "rag and closed_book are shown equivalent: they differ by −0.004 (−0.025 to 0.017), inside the margin of 0.030."
    )


def test_undecided_says_what_the_questions_can_show() -> None:
    open_question = BASE.model_copy(update={"verdict": "undecided", "delta": 0.05, "low": -0.03, "high": 0.13})
    assert comparison_sentence(open_question, 160) == (
        "rag against closed_book is undecided: they differ by 0.05 (−0.03 to 0.13); 160 questions can show differences "
        "of 0.09 or more."
    )


def test_a_single_adapter_is_not_sold_as_a_method(experiment: tuple[Results, pd.DataFrame]) -> None:
    sentences = [sentence for _, sentence in verdicts(experiment[0])]
    assert any("lora-raft+rag-hybrid-k3 is one trained adapter" in sentence for sentence in sentences)
    assert not any("lora-r16 is one trained adapter" in sentence for sentence in sentences)


def test_exploratory_comparisons_come_last_and_say_so(experiment: tuple[Results, pd.DataFrame]) -> None:
    found = verdicts(experiment[0])
    assert [comparison.exploratory for comparison, _ in found] == [False, False, False, False, True]
    assert found[-1][1].endswith("Exploratory: not a declared contrast.")


def test_break_even_at_a_volume() -> None:
    assert break_even_sentence(EVEN) == (
        "lora costs less than rag from 210,000 questions on (150,000 to 340,000). In 2\N{NO-BREAK SPACE}% of resamples "
        "it never does."
    )


def test_break_even_open_to_the_right() -> None:
    open_set = EVEN.model_copy(update={"questions": Volume(value=5, low=2), "p_never": 0.0, "on": "net_value"})
    assert break_even_sentence(open_set) == (
        "lora is worth more than rag from 5 questions on (2 or more, without an upper limit)."
    )


def test_break_even_always_and_undecided() -> None:
    assert (
        break_even_sentence(EVEN.model_copy(update={"status": "always_a"}))
        == "lora costs less than rag at every volume."
    )
    assert (
        break_even_sentence(EVEN.model_copy(update={"status": "always_b"}))
        == "rag costs less than lora at every volume."
    )
    undecided = EVEN.model_copy(update={"status": "undecided", "questions": None, "p_never": 0.31})
    assert break_even_sentence(undecided) == (
        "Whether lora ever costs less than rag is undecided: in 31\N{NO-BREAK SPACE}% of resamples it never does."
    )


def test_failures_name_each_configuration(experiment: tuple[Results, pd.DataFrame]) -> None:
    assert failures(experiment[0]) == (
        "This run had failures: 4 answers failed and count as wrong: rag-bm25-k3 (1), rag-dense-k3 (1), "
        "rag-hybrid-k3-rerank (1), rag-hybrid-k8 (1)."
    )


def test_metric_names_are_read_as_the_field_writes_them() -> None:
    assert metric_name("ndcg_at_10") == "ndcg@10"
    assert metric_name("f1") == "token F1"


def test_names_break_after_their_separators_and_are_escaped() -> None:
    assert breakable("abstain_hyde-k3") == "abstain_<wbr>hyde-<wbr>k3"
    assert breakable("a--<b>_") == "a--<wbr>&lt;b&gt;_"
