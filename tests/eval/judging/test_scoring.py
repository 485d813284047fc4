import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.judging import (
    METRICS,
    JudgeConfig,
    PreferenceRow,
    calibrate,
    calls_per_question,
    judge,
    judge_from,
    preference_agreement,
)
from pipelines.errors import UserError
from pipelines.records import Answer, Context, Question

pytest.importorskip("ragas")


def config(*metrics: str, **fields: Any) -> JudgeConfig:
    return JudgeConfig.model_validate({"llm": "embedded", "metrics": metrics or METRICS, "repeats": 1} | fields)


def spoiled(judge: Callable[[str], str], numbers: range, reply: str = "I would say yes.") -> Callable[[str], str]:
    """The judge, but for the pumps of these numbers."""
    return lambda prompt: (
        reply if any(f"ump {n} " in prompt or f"ump {n}?" in prompt for n in numbers) else judge(prompt)
    )


def test_without_a_judge_every_metric_is_absent_with_the_reason(pumps: Any) -> None:
    found = judge(*pumps(2), config(), None, None, 0)
    assert set(found.metrics) == set(METRICS)
    assert {metric.absent for metric in found.metrics.values()} == {"no judge is configured"}
    assert judge(*pumps(2), None, None, None, 0).metrics == found.metrics


def test_all_questions_and_metrics_share_batches(fake_model: Any, scripted_judge: Any, embed: Any, pumps: Any) -> None:
    fake_model.reply = lambda prompt: scripted_judge(prompt.removesuffix("<model>"))
    found = judge(*pumps(6), config(repeats=2), fake_model, embed, 0)
    assert (found.judge, found.metrics["faithfulness"].values) == ("fake", (1.0,) * 6)
    # First steps: statements, a question, the first passage, recall, claims of the answer; all in two wordings.
    assert len(fake_model.batches[0]) == 6 * 5 * 2
    # No conversation is longer than the four steps of factual correctness.
    assert len(fake_model.batches) == 4
    assert found.usage.calls == len(fake_model.asked) == len(set(fake_model.asked))
    assert found.usage.calls <= 6 * calls_per_question(METRICS, passages=2, repeats=2)


def test_answers_that_were_not_given_and_passages_that_were_not_found_score_zero(
    scripted_judge: Any, embed: Any, pumps: Any
) -> None:
    questions, answers, contexts = pumps(3)
    answers[0] = replace(answers[0], error="too long")
    contexts[1] = Context()
    metrics = judge(questions, answers, contexts, config(), scripted_judge, embed, 0).metrics
    assert metrics["faithfulness"].values == (0.0, 0.0, 1.0)
    assert metrics["factual_correctness"].values == (0.0, 1.0, 1.0)
    assert metrics["context_recall"].values == (1.0, 0.0, 1.0)
    assert metrics["answer_relevancy"].values[0] == 0.0


def test_question_without_an_answer_is_judged_for_faithfulness_alone(
    scripted_judge: Any, embed: Any, pumps: Any, context: Any
) -> None:
    questions, answers, contexts = pumps(2)
    questions[0] = Question("q0", "Who owns the moon?", (), "test", answerable=False)
    metrics = judge(questions, answers, contexts, config(), scripted_judge, embed, 0).metrics
    assert metrics["faithfulness"].judged == 2
    for metric in set(METRICS) - {"faithfulness"}:
        assert metrics[metric].values[0] is None
        assert metrics[metric].judged == 1


def test_configuration_that_reads_no_passages_has_no_context_metrics(
    scripted_judge: Any, embed: Any, pumps: Any
) -> None:
    questions, answers, _ = pumps(2)
    metrics = judge(questions, answers, [Context()] * 2, config(), scripted_judge, embed, 0).metrics
    absent = {name for name, metric in metrics.items() if metric.absent == "this configuration reads no passages"}
    assert absent == {"faithfulness", "context_precision", "context_recall"}


def test_relevancy_without_an_embedder_is_absent(scripted_judge: Any, pumps: Any) -> None:
    found = judge(*pumps(2), config("answer_relevancy"), scripted_judge, None, 0)
    assert found.metrics["answer_relevancy"].absent == "answer relevancy needs an embedder"


@pytest.mark.parametrize(("lost", "present"), [(1, True), (2, False)])
def test_more_than_five_percent_unparsable_judgements_make_a_metric_absent(
    scripted_judge: Any, pumps: Any, lost: int, present: bool
) -> None:
    metric = judge(*pumps(20), config("faithfulness"), spoiled(scripted_judge, range(lost)), None, 0).metrics[
        "faithfulness"
    ]
    assert (metric.judged, metric.unparsable, metric.failed) == (20, lost, 0)
    assert "no JSON object in the reply 'I would say yes.'" in metric.problem
    if present:
        assert metric.values == (None, *[1.0] * 19)
    else:
        assert metric.values == ()
        assert metric.absent == "2 of 20 judgements cannot be read, more than 5%"


def test_judge_that_never_ends_is_unparsable(fake_model: Any, pumps: Any) -> None:
    fake_model.reply = lambda prompt: '{"statements": ["' + "and " * 500
    metric = judge(*pumps(3), config("faithfulness"), fake_model, None, 0).metrics["faithfulness"]
    assert (metric.unparsable, metric.values) == (3, ())
    assert len(fake_model.batches) == 1


def test_judge_whose_calls_fail_is_counted_apart(pumps: Any) -> None:
    found = judge(*pumps(3), config("faithfulness"), lambda prompt: Answer("", 5, 0, error="timed out"), None, 0)
    metric = found.metrics["faithfulness"]
    assert (metric.failed, metric.unparsable, metric.problem) == (3, 0, "timed out")
    assert metric.absent


def test_judge_that_raises_ends_the_judging(fake_model: Any, pumps: Any) -> None:
    fake_model.breaks_after = 1
    with pytest.raises(RuntimeError, match="switched off"):
        judge(*pumps(3), config("faithfulness"), fake_model, None, 0)


def test_answers_without_a_statement_have_no_value_and_are_not_unparsable(scripted_judge: Any, pumps: Any) -> None:
    questions, answers, contexts = pumps(3)
    answers[0] = Answer("...", 1, 1)
    metric = judge(questions, answers, contexts, config("faithfulness"), scripted_judge, None, 0).metrics[
        "faithfulness"
    ]
    assert (metric.values, metric.undefined, metric.unparsable) == ((None, 1.0, 1.0), 1, 0)


def test_repeats_ask_in_other_words_and_leave_the_value_alone(scripted_judge: Any, pumps: Any) -> None:
    def wavering(prompt: str) -> str:  # the first asking of ragas is answered right, the repeat wrong
        right = json.loads(scripted_judge(prompt))
        if "classifications" in right and prompt.startswith("Read the following"):
            right["classifications"][0]["attributed"] = 0
        return json.dumps(right)

    metric = judge(*pumps(4), config("context_recall", repeats=2), wavering, None, 0).metrics["context_recall"]
    assert metric.values == (1.0,) * 4
    # Every question was judged 1 and 0: squares of 2 * 0.5^2 a question, one degree of freedom each.
    assert metric.repeat_sd == pytest.approx(0.5**0.5)
    steady = judge(*pumps(4), config("context_recall", repeats=3), scripted_judge, None, 0).metrics["context_recall"]
    assert steady.repeat_sd == 0.0


def test_the_same_questions_are_drawn_for_every_configuration(scripted_judge: Any, pumps: Any) -> None:
    questions, answers, contexts = pumps(12)
    other = [replace(answer, text="It is red.") for answer in answers]
    drawn = []
    for said in (answers, other):
        metric = judge(questions, said, contexts, config("context_recall", sample=5), scripted_judge, None, 3).metrics
        drawn.append([n for n, value in enumerate(metric["context_recall"].values) if value is not None])
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 5


def _labels(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _graded(number: int, supported: bool, label: int) -> dict[str, Any]:
    says = f"Valve {number} is {'blue' if supported else 'red'}"
    return {
        "quality": "faithfulness",
        "question": f"What of valve {number}?",
        "answer": says,
        "contexts": [f"Valve {number} is blue."],
        "label": label,
    }


def test_score_carries_the_agreement_with_people_on_its_own_quality(
    tmp_path: Path, scripted_judge: Any, pumps: Any
) -> None:
    path = _labels(tmp_path, *[_graded(n, supported=n < 6, label=int(n < 5)) for n in range(12)])
    found = judge(*pumps(2), config("faithfulness", "context_recall", calibration=path), scripted_judge, None, 0)
    agreed = found.metrics["faithfulness"].agreement
    assert agreed is not None
    # Judge: 6 yes, 6 no. People: 5 yes, 7 no. (11/12 - (30 + 42) / 144) / (1 - 72/144) = (11/12 - 1/2) * 2.
    assert (agreed.statistic, agreed.n, agreed.value) == ("cohen_kappa", 12, pytest.approx(5 / 6))
    assert found.metrics["context_recall"].agreement is None
    assert found.metrics["context_recall"].no_agreement == "the calibration file has no row of quality context_recall"


def test_judge_without_a_calibration_file_says_that_it_was_not_measured(scripted_judge: Any, pumps: Any) -> None:
    metric = judge(*pumps(2), config("faithfulness"), scripted_judge, None, 0).metrics["faithfulness"]
    assert metric.agreement is None
    assert "no calibration file" in metric.no_agreement


def test_calibration_is_made_once_for_many_configurations(tmp_path: Path, scripted_judge: Any, pumps: Any) -> None:
    settings = config(
        "faithfulness", calibration=_labels(tmp_path, *[_graded(n, n < 6, int(n < 6)) for n in range(12)])
    )
    once = calibrate(settings, judge_from(scripted_judge), None, 0)
    assert once.usage.calls == 24
    found = judge(*pumps(2), settings, scripted_judge, None, 0, calibration=once)
    assert found.usage.calls == 4
    assert found.metrics["faithfulness"].agreement == once.agreement["faithfulness"]
    assert judge(*pumps(2), settings, scripted_judge, None, 0).usage.calls == 28


def test_preferences_in_the_file_are_measured_too(tmp_path: Path, scripted_judge: Any, pumps: Any) -> None:
    pairs = [
        {"quality": "preference", "instruction": f"i{n}", "answer_a": "x", "answer_b": "y", "label": "ab"[n % 2]}
        for n in range(12)
    ]

    def first(prompt: str) -> str:
        return "A" if prompt.startswith("Two answers") else scripted_judge(prompt)

    found = judge(*pumps(2), config("faithfulness", calibration=_labels(tmp_path, *pairs)), first, None, 0)
    assert found.preference is not None
    assert (found.preference.rows, found.preference.flipped) == (12, 12)


def test_calibration_row_without_what_its_metric_reads_is_the_users_to_mend(
    tmp_path: Path, scripted_judge: Any
) -> None:
    path = _labels(tmp_path, _graded(0, True, 1) | {"contexts": []})
    with pytest.raises(UserError, match="faithfulness row 1"):
        calibrate(config("faithfulness", calibration=path), judge_from(scripted_judge), None, 0)


def test_calibration_file_is_found_beside_the_experiment(tmp_path: Path) -> None:
    path = _labels(tmp_path, _graded(0, True, 1))
    data = {"llm": "embedded", "calibration": "labels.jsonl"}
    assert JudgeConfig.model_validate(data, context={"folder": tmp_path}).calibration == path


@pytest.mark.slow
def test_embedded_model_may_judge_and_its_verdicts_are_read_or_counted() -> None:
    from pipelines.generation import language_models

    row = PreferenceRow(instruction="Name a colour.", answer_a="Blue.", answer_b="Seven.", label="a")
    embedded = judge_from(language_models.build(config().llm), form="completion")
    found = preference_agreement(embedded, [row])
    assert (found.rows, found.usage.calls) == (1, 2)
    assert 2 <= found.usage.output_tokens <= 32
    assert found.absent
