"""Several answers to one prompt, drawn from a model's own distribution."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pipelines.records import Answer, Prompt


def sample_answers(
    model: Any,
    prompts: Sequence[str],
    *,
    samples: int,
    temperature: float,
    max_new_tokens: int,
    seed: int,
    adapter: Path | None = None,
) -> list[list[Answer]]:
    """``samples`` answers to each prompt by a local ``LanguageModel`` (with ``adapter``, merged), one line each.

    A draw depends on the prompt, its number and the seed, whatever else is drawn beside it. Raises ``UserError`` for a
    model whose weights are not here.
    """
    from pipelines.finetuning.preference.sampling.drawing import Draw
    from pipelines.generation.decoding import Decoder
    from pipelines.generation.shapes import Shapes
    from pipelines.generation.tuned_weights import merge

    network, tokenizer = model.trainable()
    if adapter is not None:
        network = merge(network, adapter, model.name)
    asked = [prompt for prompt in prompts for _ in range(samples)]
    seeds = [stream(seed, number % samples, prompt) for number, prompt in enumerate(asked)]
    draw = Draw(network.config.get_text_config(), temperature, seeds)
    decoder = Decoder(network, tokenizer, getattr(model, "shapes", Shapes()), draw)
    answers = dict(decoder.generate([Prompt(text) for text in asked], max_new_tokens))
    drawn = [answers[number] for number in range(len(asked))]
    return [drawn[start : start + samples] for start in range(0, len(drawn), samples)]


def stream(seed: int, number: int, prompt: str) -> int:
    """The seed of draw ``number`` for ``prompt``."""
    return int.from_bytes(blake2b(f"{seed}\0{number}\0{prompt}".encode(), digest_size=8).digest(), "big")
