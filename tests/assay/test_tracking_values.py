"""Results as metrics, parameters and tags; private texts; the prepared view. No MLflow is loaded here."""

import importlib.util
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from assay.tracking import experiment_fingerprint
from assay.tracking.privacy import Privacy, privacy
from assay.tracking.values import (
    configuration_metrics,
    configuration_parameters,
    experiment_metrics,
    experiment_parameters,
    experiment_tags,
    named,
    numbers,
)
from assay.tracking.views import view_state
from eval.results import Estimate, Interval, Results


@pytest.fixture(scope="module")
def results() -> Results:
    path = Path(__file__).parents[1] / "eval" / "report" / "conftest.py"
    spec = importlib.util.spec_from_file_location("simulated_for_tracking_values", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.simulated_experiment(number=60)[0]


def test_an_estimate_takes_the_name_and_its_bounds_follow() -> None:
    estimate = Estimate(mean=0.5, low=0.4, high=0.6, n=60, method="BCa")
    assert dict(numbers({"f1": estimate})) == {"f1": 0.5, "f1.low": 0.4, "f1.high": 0.6, "f1.n": 60.0}


def test_an_interval_inside_a_part_is_named_after_it() -> None:
    found = dict(numbers({"latency": {"p50": Interval(value=1.5, low=1, high=2)}}))
    assert found == {"latency.p50": 1.5, "latency.p50.low": 1.0, "latency.p50.high": 2.0}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"dev\.f1 is -?(nan|inf)"):
        dict(numbers({"dev": {"f1": value}}))


def test_true_and_false_are_no_numbers() -> None:
    assert dict(numbers({"warm": True, "n": 3})) == {"n": 3.0}


def test_an_at_sign_does_not_reach_mlflow() -> None:
    assert named([("recall@5", 1)]) == {"recall_5": 1}


def test_names_that_would_become_equal_stay_apart() -> None:
    assert named([("a@b", 1), ("a+b", 2), ("a/b", 3)]) == {"a_b": 1, "a_b_2": 2, "a_b_3": 3}


def test_long_names_are_cut_and_stay_apart() -> None:
    cut = list(named([("x" * 300 + "a", 1), ("x" * 300 + "b", 2)]))
    assert len(set(cut)) == 2
    assert all(len(name) <= 250 for name in cut)


def test_every_track_score_is_a_metric_under_the_name_of_its_track(results: Results) -> None:
    for configuration in results.configurations:
        metrics = configuration_metrics(results, configuration)
        for track, scores in configuration.tracks.items():
            for name, estimate in scores.items():
                assert metrics[f"{track}.{name}"] == estimate.mean
                assert metrics[f"{track}.{name}.low"] == estimate.low
                assert metrics[f"{track}.{name}.high"] == estimate.high


def test_money_and_time_are_metrics(results: Results) -> None:
    configuration = results.configuration("lora-r16+rag-hybrid-k3")
    metrics = configuration_metrics(results, configuration)
    assert configuration.roi is not None
    assert configuration.latency is not None
    assert metrics["cost.train_usd"] == 3.62
    assert metrics["cost.per_1k_questions_usd"] == 0.205
    assert metrics["roi.net_usd.low"] == configuration.roi.net_usd.low
    assert metrics["latency.p50.high"] == configuration.latency.p50.high
    assert metrics["small_sample.share_first"] == 0.63
    assert metrics["store.misses"] == 3


def test_forgetting_is_a_metric_of_the_configuration_it_belongs_to(results: Results) -> None:
    tuned = configuration_metrics(results, results.configuration("lora-r16"))
    assert tuned["forgetting.before"] == results.forgetting["lora-r16"]["before"].mean
    assert "forgetting.before" not in configuration_metrics(results, results.configuration("closed_book"))


def test_parameters_hold_the_cell_and_every_field(results: Results) -> None:
    configuration = results.configurations[3].model_copy(update={"params": {"depth": 3, "rerank": None, "fast": True}})
    parameters = configuration_parameters(configuration)
    assert parameters["arm"] == "rag"
    assert (parameters["depth"], parameters["rerank"], parameters["fast"]) == ("3", "none", "true")


def test_the_parent_holds_comparisons_break_even_and_the_recommended(results: Results) -> None:
    metrics = experiment_metrics(results)
    assert metrics["comparison.rag-hybrid-k3-rerank_vs_closed_book.f1.delta"] == 0.36
    assert metrics["break_even.net_value.lora-r16_rag-hybrid-k3_vs_rag-hybrid-k3-rerank.questions"] == 63_158
    assert metrics["break_even.cost.lora-r16_vs_rag-hybrid-k3-rerank.p_never"] == 0.31
    assert metrics["recommended.cost.train_usd"] == 3.62
    assert metrics["seconds.train"] == 1312.0


def test_verdicts_are_tags_that_name_the_winner(results: Results) -> None:
    tags = experiment_tags(results)
    assert tags["assay.recommendation"] == "lora-r16+rag-hybrid-k3"
    assert tags["assay.comparison.closed_book_vs_lora-r16.f1"] == "lora-r16"
    assert tags["assay.comparison.lora-r16_vs_rag-hybrid-k3-rerank.f1"] == "undecided"
    assert tags["assay.comparison.lora-raft_rag-hybrid-k3_vs_lora-r16_rag-hybrid-k3.f1"] == "equivalent (exploratory)"
    assert tags["assay.absent.faithfulness"] == "no judge is configured"


def test_the_parent_says_what_was_declared(results: Results) -> None:
    parameters = experiment_parameters(results)
    assert parameters["scenario.questions_per_month"] == "10000.0"
    assert parameters["dataset.tracks.task"] == "20"
    assert parameters["environment.packages.torch"] == "2.13.0"


def test_the_fingerprint_ignores_when_and_how_long(results: Results) -> None:
    configurations = tuple(
        one.model_copy(update={"store": one.store.model_copy(update={"hits": 99, "misses": 0})})
        for one in results.configurations
    )
    again = results.model_copy(
        update={"created": results.created.replace(year=2027), "timings": {}, "configurations": configurations}
    )
    assert experiment_fingerprint(again) == experiment_fingerprint(results)


def test_the_fingerprint_sees_another_score(results: Results) -> None:
    first = results.configurations[0]
    changed = first.model_copy(update={"metrics": {"f1": first.metrics["f1"].model_copy(update={"mean": 0.99})}})
    other = results.model_copy(update={"configurations": (changed, *results.configurations[1:])})
    assert experiment_fingerprint(other) != experiment_fingerprint(results)


def guard(environment: dict[str, str], text: str = "") -> Privacy:
    return privacy(environment, text, working=Path("/srv/project"), home=Path("/home/someone"))


def test_a_secret_is_written_as_its_name() -> None:
    assert guard({"OPENAI_API_KEY": "sk-12345678"}).text("key sk-12345678!") == "key ${OPENAI_API_KEY}!"


def test_a_variable_named_in_the_experiment_is_secret_whatever_it_is_called() -> None:
    environment = {"INTERNAL_ENDPOINT": "http://10.0.0.7", "OTHER": "http://10.0.0.8"}
    clean = guard(environment, "base_url: ${INTERNAL_ENDPOINT}").text("http://10.0.0.7 http://10.0.0.8")
    assert clean == "${INTERNAL_ENDPOINT} http://10.0.0.8"


def test_a_secret_is_found_in_the_forms_of_json_and_html() -> None:
    secret = 'a"b&c<d>12'
    hidden = guard({"DB_PASSWORD": secret})
    assert "b&c" not in hidden.text(json.dumps({"x": secret}))
    assert "b&amp;c" not in hidden.text("a&quot;b&amp;c&lt;d&gt;12")


def test_harmless_values_of_variables_named_like_secrets_stay() -> None:
    assert guard({"TOKENIZERS_PARALLELISM": "false", "TOKEN_LIMIT": "512"}).text("false 512") == "false 512"


def test_folders_of_this_machine_are_left_out() -> None:
    hidden = guard({})
    assert hidden.parameter("/srv/project/data/kb") == "data/kb"
    assert hidden.parameter("/home/someone/kb") == "~/kb"
    assert hidden.parameter("/home/someone") == "~"


def test_another_folder_of_this_machine_keeps_its_last_part(tmp_path: Path) -> None:
    (tmp_path / "kb").mkdir()
    assert guard({}).parameter(str(tmp_path / "kb")) == "…/kb"
    assert guard({}).document(f"dataset:\n  path: {tmp_path}/kb\n") == "dataset:\n  path: …/kb\n"


def test_a_text_with_a_slash_that_is_no_path_stays() -> None:
    assert guard({}).parameter("/no_think and/or https://example.org/a/b") == "/no_think and/or https://example.org/a/b"


def test_secrets_are_hidden_inside_the_lists_of_a_table() -> None:
    table = pd.DataFrame(
        {"answer": ["plain", "it is sk-12345678"], "passages": [["sk-12345678"], []], "f1": [0.0, 1.0]}
    )
    clean = guard({"OPENAI_API_KEY": "sk-12345678"}).frame(table)
    assert clean["answer"].tolist() == ["plain", "it is ${OPENAI_API_KEY}"]
    assert clean["passages"].tolist() == [["${OPENAI_API_KEY}"], []]


def test_a_table_without_secrets_is_left_as_it_is() -> None:
    table = pd.DataFrame({"answer": ["plain"], "f1": [1.0]})
    assert guard({"OPENAI_API_KEY": "sk-12345678"}).frame(table) is table


def test_the_view_shows_only_metrics_that_exist(results: Results) -> None:
    view = json.loads(view_state(results, "parent"))
    known = set().union(*(configuration_metrics(results, one) for one in results.configurations))
    shown = [column.split("`")[1] for column in view["selectedColumns"] if column.startswith("metrics.")]
    assert set(shown) <= known
    assert {"f1", "in_training.f1", "cost.per_1k_questions_usd", "roi.net_usd"} <= set(shown)
    assert "parent" in view["searchFilter"]


def test_the_view_fits_into_a_tag_of_an_experiment(results: Results) -> None:
    assert len(view_state(results, "0" * 32)) < 5000
