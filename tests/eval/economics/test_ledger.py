import numpy as np
import pytest

from eval.economics.hosting import Api, Payers, SelfHosted
from eval.economics.ledger import capacity_per_month, cost, ledger, usd_per_question
from eval.economics.prices import PriceBook
from eval.economics.usage import Usage
from pipelines.errors import UserError

SOURCE = {"source": "test", "dated": "2026-01-01"}
BOOK = PriceBook.model_validate(
    {
        "name": "round",
        "machines": {"box": {"usd_per_hour": 3.6, **SOURCE}},  # 0.001 USD a second
        "storage": {"usd_per_gb_month": 0.1, **SOURCE},
        "labour": {"usd_per_hour": 60.0, **SOURCE},  # 1 USD a minute
        "apis": {
            "chat*": {"input_usd_per_million": 1.0, "output_usd_per_million": 4.0, **SOURCE},
            "embed": {"embedding_usd_per_million": 0.5, **SOURCE},
            "tune": {"training_usd_per_million": 3.0, **SOURCE},
        },
    }
)
PER_USE = SelfHosted(machine="box", utilisation=0.5)
DEDICATED = SelfHosted(machine="box", utilisation=0.5, billing="dedicated", machines=2)
API = Api(model="chat-small")
ALONE = np.arange(4)


def self_hosted(hosting: SelfHosted = PER_USE) -> Usage:
    return Usage(
        hosting=hosting,
        payers=Payers(index_machine="box", train_machine="box"),
        index_seconds=500.0,
        index_bytes=2e9,
        embedding_tokens=1e6,
        train_seconds=3000.0,
        training_tokens=1e6,
        adapter_bytes=1e9,
        reviewer_minutes=30.0,
        machine_seconds=np.array([1.0, 2.0, 3.0, 2.0]),
        prompt_tokens=np.full(4, 1000.0),
        output_tokens=np.full(4, 10.0),
    )


def test_self_hosted_question_costs_machine_seconds_at_utilisation_and_no_tokens() -> None:
    # 1 s / 0.5 * 3.6 / 3600 = 0.002 USD
    assert usd_per_question(self_hosted(), BOOK).tolist() == [pytest.approx([0.002, 0.004, 0.006, 0.004])]


def test_cost_of_self_hosting_per_use_adds_up() -> None:
    found = cost(self_hosted(), BOOK, ALONE)
    assert found.index_usd == pytest.approx(0.5)  # 500 s; the embedding ran inside them
    assert found.train_usd == pytest.approx(3.0 + 30.0)  # 3000 s and half an hour of review
    assert found.hosting_usd_month == pytest.approx(0.3)  # 3 GB
    assert found.per_1k_questions_usd.value == pytest.approx(4.0)
    assert found.per_1k_questions_usd.low < 4.0 < found.per_1k_questions_usd.high


def test_dedicated_machines_are_the_hosting_and_questions_cost_nothing_more() -> None:
    found = cost(self_hosted(DEDICATED), BOOK, ALONE)
    assert found.hosting_usd_month == pytest.approx(2 * 3.6 * 730 + 0.3)
    assert (found.per_1k_questions_usd.low, found.per_1k_questions_usd.high) == (0.0, 0.0)


def test_api_question_costs_billed_tokens() -> None:
    usage = Usage(hosting=API, prompt_tokens=np.array([1000.0, 2000.0]), output_tokens=np.array([10.0, 20.0]))
    # 1000 * 1e-6 + 10 * 4e-6
    assert usd_per_question(usage, BOOK).tolist() == [pytest.approx([0.00104, 0.00208])]


def test_api_with_retrieval_here_adds_the_machine_for_that_work() -> None:
    usage = Usage(
        hosting=Api(model="chat-small", machine="box"),
        prompt_tokens=np.full(4, 1000.0),
        machine_seconds=np.full(4, 0.5),
    )
    assert usd_per_question(usage, BOOK).tolist() == [pytest.approx([0.0015] * 4)]


def test_api_seconds_without_a_machine_are_refused() -> None:
    usage = Usage(hosting=API, machine_seconds=np.ones(4))
    with pytest.raises(UserError, match=r"usage has machine_seconds, but hosting.machine names no machine"):
        usd_per_question(usage, BOOK)


def test_embedding_api_is_billed_by_tokens_for_documents_and_queries() -> None:
    usage = Usage(
        hosting=API,
        payers=Payers(embedding_api="embed"),
        embedding_tokens=2e6,
        query_embedding_tokens=np.full(4, 20.0),
    )
    assert cost(usage, BOOK, ALONE).index_usd == pytest.approx(1.0)
    assert usd_per_question(usage, BOOK).tolist() == [pytest.approx([1e-5] * 4)]


def test_provider_tuning_and_generated_data_are_billed_by_tokens() -> None:
    usage = Usage(
        hosting=API,
        payers=Payers(training_api="tune", generator_api="chat"),
        training_tokens=1e6,
        data_generation_input_tokens=1e6,
        data_generation_output_tokens=5e5,
    )
    assert cost(usage, BOOK, ALONE).train_usd == pytest.approx(3.0 + 1.0 + 2.0)


def test_grades_of_an_api_judge_are_billed_by_tokens_beside_the_seconds_of_drawing() -> None:
    usage = Usage(
        hosting=API,
        payers=Payers(train_machine="box", feedback_api="chat"),
        data_generation_seconds=3600.0,
        data_generation_output_tokens=1e6,
        feedback_input_tokens=1e6,
        feedback_output_tokens=5e5,
    )
    hour = BOOK.machine("box").usd_per_hour
    assert cost(usage, BOOK, ALONE).train_usd == pytest.approx(hour + 1.0 + 2.0)


def test_work_with_two_payers_is_refused() -> None:
    usage = Usage(hosting=API, payers=Payers(training_api="tune", train_machine="box"), train_seconds=1.0)
    with pytest.raises(UserError, match=r"training has machine seconds and payers.training_api: one work"):
        ledger(usage, BOOK)


def test_work_without_a_payer_is_refused() -> None:
    with pytest.raises(UserError, match="data generation has tokens, but neither machine seconds nor"):
        ledger(Usage(hosting=API, data_generation_input_tokens=5.0), BOOK)
    with pytest.raises(UserError, match=r"usage has index_seconds, but payers.index_machine names no machine"):
        ledger(Usage(hosting=API, index_seconds=5.0), BOOK)
    with pytest.raises(UserError, match="embedding has tokens, but neither index_seconds nor"):
        ledger(Usage(hosting=API, embedding_tokens=5.0), BOOK)


def test_judging_is_listed_but_is_no_part_of_the_cost() -> None:
    usage = Usage(
        hosting=API,
        payers=Payers(judge_api="chat"),
        prompt_tokens=np.full(4, 1000.0),
        judge_input_tokens=np.full(4, 500.0),
        judge_output_tokens=np.full(4, 100.0),
    )
    judged = [line for line in ledger(usage, BOOK) if line.paid == "evaluation"]
    assert sum(line.usd for line in judged) == pytest.approx(500e-6 + 400e-6)
    assert cost(usage, BOOK, ALONE).per_1k_questions_usd.value == pytest.approx(1.0)


def test_ledger_lines_of_a_question_add_up_to_the_mean_cost() -> None:
    lines = [line for line in ledger(self_hosted(), BOOK) if line.paid == "question"]
    assert sum(line.usd for line in lines) == pytest.approx(float(usd_per_question(self_hosted(), BOOK).mean()))


def test_dedicated_capacity_is_checked_against_the_volume() -> None:
    # 2 machines * 730 h * 3600 s * 0.5 / 2 s a question
    assert capacity_per_month(self_hosted(DEDICATED)) == pytest.approx(1_314_000)
    cost(self_hosted(DEDICATED), BOOK, ALONE, questions_per_month=1_314_000)
    with pytest.raises(UserError, match=r"2,000,000 a month need machines: 4"):
        cost(self_hosted(DEDICATED), BOOK, ALONE, questions_per_month=2_000_000)


def test_use_without_capacity_limit_has_an_infinite_one() -> None:
    assert capacity_per_month(self_hosted()) == float("inf")
