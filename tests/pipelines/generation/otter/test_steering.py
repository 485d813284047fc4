"""Answering with a signal beside the tokens."""

from typing import Any

import pytest

from pipelines.generation.calibration import Platt
from pipelines.generation.shapes import Shapes
from pipelines.records import Prompt

SMALL = Shapes(pack=64, slots=4)
TEXT = "the kestrel pump weighs nine kilograms and was painted deep blue by Ines Orr in the spring of 1904"
WORDS = TEXT.split()
PREFIX = "Answer in as few words as possible, and do not guess. Question: how high is the tower?\nAnswer: 96 m\n\n" * 2


def prompts(prefix: str = "") -> list[Prompt]:
    return [
        Prompt(f"{prefix}{number} {' '.join(WORDS[number : number + 3 + number % 7])}", prefix, ())
        for number in range(9)
    ]


def steered(model: Any, otter: Any, tokenizer: Any, weight: float, form: str = "split") -> Any:
    from pipelines.generation.decoding import Decoder
    from pipelines.generation.otter.insertion import Insertion
    from pipelines.generation.otter.merged import merge
    from pipelines.generation.otter.steering import Steered

    choose = Steered(otter, Platt(), weight, 10)
    if form == "fused":
        return Decoder(merge(model, otter), tokenizer, SMALL, choose)
    made = Decoder(model, tokenizer, SMALL, choose)
    Insertion(model, otter)
    made.layers += len(otter.layers)
    return made


def texts(decoder: Any, asked: list[Prompt]) -> list[str]:
    found = dict(decoder.generate(asked, 6))
    return [found[number].text for number in range(len(asked))]


def shaken(model: Any) -> Any:
    import torch

    from pipelines.generation.otter.parameters import Otter, copy_slices
    from pipelines.generation.otter.size import Size

    otter = Otter(model, Size(4, 1, 8))
    copy_slices(otter, model)
    torch.manual_seed(8)
    with torch.no_grad():
        for parameter in otter.head.parameters():
            parameter += torch.randn_like(parameter)
    return otter.to(model.dtype).eval().requires_grad_(False)


@pytest.mark.parametrize("prefix", ["", PREFIX], ids=["own text only", "shared prefix"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weight_zero_is_greedy_token_for_token(tiny_llama: Any, tokenizer: Any, dtype: str, prefix: str) -> None:
    from pipelines.generation.decoding import Decoder

    asked = prompts(prefix)
    plain = texts(Decoder(tiny_llama(dtype), tokenizer, SMALL), asked)
    model = tiny_llama(dtype)
    assert texts(steered(model, shaken(model), tokenizer, 0.0), asked) == plain
    guided = tiny_llama(dtype)
    assert texts(steered(guided, shaken(guided), tokenizer, 30.0), asked) != plain


@pytest.mark.parametrize("form", ["split", "fused"])
def test_the_confidence_is_the_signal_after_the_last_token_read(tiny_llama: Any, tokenizer: Any, form: str) -> None:
    import torch

    from pipelines.generation.otter.insertion import Insertion

    model, other = tiny_llama(), tiny_llama()
    otter = shaken(model)
    asked = prompts(PREFIX)
    found = dict(steered(model, otter, tokenizer, 0.0, form).generate(asked, 1))
    Insertion(other, otter)
    for number, prompt in enumerate(asked):
        ids = torch.tensor([tokenizer(prompt.text, add_special_tokens=False)["input_ids"]])
        signal = float(otter.signal(other.get_decoder()(input_ids=ids).last_hidden_state[0, -1]))
        assert found[number].confidence == pytest.approx(Platt()(signal), abs=1e-4)
    single, _ = steered(tiny_llama(), otter, tokenizer, 0.0, "split").respond(asked[3], 1)
    assert single.confidence == pytest.approx(found[3].confidence, abs=1e-4)


def test_several_tokens_on_the_cached_state_is_the_state_of_the_whole_text(tiny_llama: Any, tokenizer: Any) -> None:
    """Six tokens through the slots; then prompt and all but the last of them, read at once."""
    import torch

    from pipelines.generation.otter.insertion import Insertion

    model, other = tiny_llama(), tiny_llama()
    otter = shaken(model)
    decoder, kept = steered(model, otter, tokenizer, 0.0), {}
    finished = decoder._finished

    def watched(row: Any, limit: int) -> Any:
        if (answer := finished(row, limit)) is not None:
            kept[row.encoded.index] = [*row.encoded.prefix, *row.encoded.rest, *row.tokens[:-1]]
        return answer

    decoder._finished = watched
    found = dict(decoder.generate(prompts(PREFIX), 6))
    Insertion(other, otter)
    for number, tokens in kept.items():
        states = other.get_decoder()(input_ids=torch.tensor([tokens])).last_hidden_state
        assert found[number].confidence == pytest.approx(Platt()(float(otter.signal(states[0, -1]))), abs=1e-4)


def test_the_choice_is_the_best_of_logit_and_weighted_signal_among_the_likeliest(tiny: Any) -> None:
    import torch

    from pipelines.generation.decoding import Row
    from pipelines.generation.otter.parameters import Otter
    from pipelines.generation.otter.size import Size
    from pipelines.generation.otter.steering import Steered

    otter = Otter(tiny(vocab_size=5), Size(2, 1, 8)).requires_grad_(False)
    otter.head.weight.copy_(torch.tensor([1.0, 0.0]))
    otter.head.bias.fill_(0.5)
    otter.head.tokens.copy_(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    otter.embedding.weight.copy_(torch.tensor([[0.0, 9.0], [1.0, 9.0], [4.0, 9.0], [100.0, 0.0], [0.0, 0.0]]))
    hidden = torch.tensor([[7.0, 7.0, 0.25, 2.0]])  # the last two are the new state
    # Signal 0.25 + 0.5; A n' = (2, 0), so token v gets 2 e_v[0] on top.
    assert otter.signal(hidden).tolist() == [0.75]
    assert otter.token_signals(hidden, torch.tensor([[0, 1, 2]])).tolist() == [[0.75, 2.75, 8.75]]
    logits = torch.tensor([[5.0, 4.0, 1.0, 0.0, -1.0]])

    def chosen(weight: float, candidates: int) -> tuple[int, float | None]:
        row: Any = Row(None, [], [], 0.0)  # type: ignore[arg-type]
        (token,) = Steered(otter, Platt(2.0, -1.5), weight, candidates)(hidden, logits, [row])
        return token, row.confidence

    assert chosen(0.0, 3) == (0, 0.5)  # 2 * 0.75 - 1.5 = 0
    assert chosen(0.4, 2) == (0, 0.5)  # 5 + 0.3 against 4 + 1.1
    assert chosen(0.6, 2) == (1, 0.5)  # 5 + 0.45 against 4 + 1.65
    assert chosen(0.6, 3) == (2, 0.5)  # 1 + 5.25
    assert chosen(0.6, 5) == (3, 0.5)  # 200 and more, once it is a candidate
