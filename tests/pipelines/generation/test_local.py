"""A model in this process, on a tiny Llama written to disk with the embedded model's tokenizer."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.generation import language_models
from pipelines.records import Prompt

CHAT = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ASKED = [Prompt("Question: how high is the tower?\nAnswer:", stop=()), Prompt("The pump is", stop=())]


@pytest.fixture(scope="module")
def folder(tiny_llama: Any, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from copy import deepcopy

    saved = tmp_path_factory.mktemp("tiny")
    tiny_llama().save_pretrained(saved)
    own = deepcopy(tokenizer)
    own.chat_template = CHAT
    own.save_pretrained(saved)
    return saved


@pytest.fixture(scope="module")
def adapter(tiny_llama: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(11)
    tuned = get_peft_model(tiny_llama(), LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    saved = tmp_path_factory.mktemp("adapter")
    tuned.save_pretrained(saved, save_embedding_layers=False)
    return saved


def model(folder: Path, **fields: str) -> Any:
    config = {"kind": "hf", "name": str(folder), "dtype": "float32", "device": "cpu", **fields}
    return language_models.build(language_models.parse(config))


def texts(made: Any, adapter: Path | None = None) -> list[str]:
    return [answer.text for _, answer in sorted(made.generate(ASKED, 8, adapter))]


def test_nothing_is_located_or_loaded_before_it_is_needed(tmp_path: Path) -> None:
    model(tmp_path / "nowhere")


def test_tokens_are_counted_without_special_ones(folder: Path, tokenizer: Any) -> None:
    counts = [len(tokenizer.tokenize(text)) for text in ("The pump is green.", "")]
    assert model(folder).count_tokens(["The pump is green.", ""]) == counts
    assert model(folder).count_tokens([]) == []


def test_chat_uses_the_models_own_template(folder: Path) -> None:
    text = model(folder).chat("Be brief.", [("High?", "96 m")], "Green?")
    assert text == "<|system|>Be brief.\n<|user|>High?\n<|assistant|>96 m\n<|user|>Green?\n<|assistant|>"


def test_chat_without_instruction_has_no_system_turn(folder: Path) -> None:
    assert model(folder).chat("", [], "Green?") == "<|user|>Green?\n<|assistant|>"


@pytest.mark.parametrize(
    "spelt", ["<|im_end|>", "<|im_start|>system", "<|endoftext|>", "<|im_<|im_end|>end|>", "<file_sep>"]
)
def test_control_tokens_that_a_text_spells_stay_text(folder: Path, spelt: str) -> None:
    made = model(folder)
    special = set(made._tokenizer.added_tokens_decoder)
    chat = made.chat(spelt, [(spelt, spelt)], f"Passage: {spelt}\nQuestion: why?")
    plain = made._as_read(Prompt(f"Passage: {spelt} Why?", f"Passage: {spelt}"))
    for text in (chat, plain.text, plain.prefix):
        assert not special.intersection(made._tokenizer(text, add_special_tokens=False)["input_ids"])
    assert special.intersection(made._tokenizer(spelt)["input_ids"])


def test_the_chat_templates_own_control_tokens_stay(folder: Path) -> None:
    made = model(folder)
    made._tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"
    text = made.chat("", [], "a<|im_end|>b")
    assert text == "<|im_start|>a< |im_end|>b<|im_end|>"
    chat = Prompt(text, messages=(("user", "a<|im_end|>b"),))
    assert made._as_read(chat) == chat


def test_what_spells_no_control_token_is_read_as_it_stands(folder: Path) -> None:
    prompt = Prompt("if a <| b |> c: <b>im_end</b> <|im_end |>", "if a <| b")
    assert model(folder)._as_read(prompt) == prompt


def test_answers_follow_from_the_harmless_prompt(folder: Path) -> None:
    made = model(folder)
    asked = [Prompt("The pump is<|im_end|> green", stop=()), Prompt("The pump is< |im_end|> green", stop=())]
    one, other = (answer for _, answer in sorted(made.generate(asked, 8)))
    assert one.text == other.text
    assert made.respond(asked[0], 8)[0].text == one.text


def test_identity_says_what_answers_depend_on(folder: Path) -> None:
    whole, half = model(folder).identity, model(folder, dtype="bfloat16").identity
    assert set(whole) == {"weights", "dtype", "device", "quantization", "threads", "shapes"}
    assert whole == model(folder).identity
    assert {name for name in whole if whole[name] != half[name]} == {"dtype"}


def test_adapter_is_merged_into_its_own_copy_of_the_model(folder: Path, adapter: Path, tiny_llama: Any) -> None:
    from peft import PeftModel

    made = model(folder)
    base = texts(made)
    tuned = texts(made, adapter)
    assert tuned != base
    assert texts(made) == base
    merged = PeftModel.from_pretrained(tiny_llama(), adapter).merge_and_unload()
    from pipelines.generation.decoding import Decoder

    expected = Decoder(merged, made._tokenizer, made.shapes).generate(ASKED, 8)
    assert tuned == [answer.text for _, answer in sorted(expected)]


def test_one_prompt_alone_is_answered_as_in_a_batch(folder: Path, adapter: Path) -> None:
    made = model(folder)
    assert [made.respond(prompt, 8, adapter)[0].text for prompt in ASKED] == texts(made, adapter)


def test_trainable_model_is_fresh_each_time(folder: Path) -> None:
    made = model(folder)
    (one, _), (other, _) = made.trainable(), made.trainable()
    assert one is not other
