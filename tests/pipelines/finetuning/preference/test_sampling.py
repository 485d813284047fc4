"""Drawing answers from a two-layer Llama with random weights, in the decoder's canonical shapes."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from pipelines.finetuning.preference.sampling import sample_answers
from pipelines.generation.shapes import Shapes

SHAPES = Shapes(pack=64, slots=4)


@dataclass
class Local:
    """What sampling asks of a local language model."""

    make: Any
    tokenizer: Any
    name: str = "tiny"
    shapes: Shapes = SHAPES

    def trainable(self) -> tuple[Any, Any]:
        return self.make(), self.tokenizer


@pytest.fixture
def local(tiny_llama, tokenizer) -> Local:
    return Local(tiny_llama, tokenizer)


def draw(local: Local, prompts: list[str], **options: Any) -> list[list[str]]:
    usual = {"samples": 3, "temperature": 1.0, "max_new_tokens": 5, "seed": 1}
    return [[answer.text for answer in one] for one in sample_answers(local, prompts, **(usual | options))]


def test_draws_depend_on_prompt_number_and_seed_alone(local) -> None:
    prompts = [f"Question: What is number {number}?\nAnswer:" for number in range(5)]
    together = draw(local, prompts)
    assert together[3] == draw(local, [prompts[3]])[0]
    assert together[3][:2] == draw(local, [prompts[3]], samples=2)[0]
    assert together == draw(local, prompts)
    assert together != draw(local, prompts, seed=2)
    assert len(set(together[0])) == 3


def test_low_temperature_gives_the_greedy_answer(local) -> None:
    from pipelines.generation.decoding import Decoder
    from pipelines.records import Prompt

    model, tokenizer = local.trainable()
    prompts = ["Question: Which colour?\nAnswer:", "Once upon a time"]
    greedy = dict(Decoder(model, tokenizer, SHAPES).generate([Prompt(text) for text in prompts], 5))
    assert draw(local, prompts, temperature=1e-4, samples=2) == [[greedy[n].text] * 2 for n in range(2)]


def test_first_tokens_follow_the_models_distribution(local) -> None:
    import torch

    model, tokenizer = local.trainable()
    prompt, samples = "The pump is", 2000
    with torch.no_grad():
        logits = model(**tokenizer(prompt, return_tensors="pt")).logits[0, -1]
    chances = torch.softmax(logits / 0.25, -1)
    likeliest = int(chances.argmax())
    found = Counter(draw(local, [prompt], samples=samples, temperature=0.25, max_new_tokens=1)[0])
    share, chance = found[tokenizer.decode([likeliest]).strip()] / samples, float(chances[likeliest])
    assert 0.02 < chance < 0.98
    assert abs(share - chance) < 4 * (chance * (1 - chance) / samples) ** 0.5


def test_tokens_are_counted_for_every_draw(local) -> None:
    ((first, second),) = sample_answers(local, ["Which colour?"], samples=2, temperature=1.0, max_new_tokens=4, seed=0)
    assert first.prompt_tokens == second.prompt_tokens == len(local.tokenizer("Which colour?")["input_ids"])
    assert 1 <= first.output_tokens <= 4
