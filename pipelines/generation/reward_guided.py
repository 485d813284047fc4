"""Answers rewarded by a second model, which reads each text anew (ARGS, Khanov et al. 2024)."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from pipelines.finetuning.preference.reward import classifier, scores
from pipelines.generation import Timing
from pipelines.generation.calibration import Platt
from pipelines.generation.decoding import Decoder, Row, greedy
from pipelines.generation.interventions import Subject
from pipelines.generation.interventions.reward_model import as_text
from pipelines.records import Answer, Prompt
from pipelines.renamed import without_rename_warnings


class RewardGuided(Decoder):
    """A decoder whose answers are scored by a reward model, once each; with a ``weight`` it also scores the
    ``candidates`` likeliest tokens at every step, each with the whole text before it."""

    def __init__(self, subject: Subject, folder: Path, weight: float, candidates: int) -> None:
        self.rewards = load(copy.deepcopy(subject.network), folder / "reward_model")
        self.platt = Platt.read(folder)
        self.weight, self.candidates = weight, candidates
        super().__init__(subject.network, subject.tokenizer, subject.shapes, self._steer if weight else greedy)

    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> Iterator[tuple[int, Answer]]:
        """As a decoder does, with a confidence for every answer."""
        for index, answer in super().generate(prompts, max_new_tokens):
            yield index, self._scored(prompts[index], answer)[0]

    def respond(self, prompt: Prompt, max_new_tokens: int) -> tuple[Answer, Timing]:
        """As a decoder does; scoring the answer counts as decoding."""
        answer, timing = super().respond(prompt, max_new_tokens)
        scored, seconds = self._scored(prompt, answer)
        return scored, Timing(timing.prefill, timing.decode + seconds)

    def _scored(self, prompt: Prompt, answer: Answer) -> tuple[Answer, float]:
        if answer.error:
            return answer, 0.0
        started = perf_counter()
        (score,) = scores(self.rewards, self.tokenizer, [as_text(prompt.text, answer.text)], 1)
        seconds = perf_counter() - started
        return replace(answer, confidence=self.platt(score), seconds=answer.seconds + seconds), seconds

    def _steer(self, hidden: torch.Tensor, logits: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
        """A ``Choose``."""
        top = logits.float().topk(min(self.candidates, logits.shape[-1]))
        chosen: list[int] = top.indices[:, 0].tolist()
        for place, row in enumerate(rows):
            if row is not None:
                before = [*row.encoded.prefix, *row.encoded.rest, *row.tokens]
                texts = [[*before, token] for token in top.indices[place].tolist()]
                ids = torch.tensor(texts, device=logits.device)
                rewards = self.rewards(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0].float()
                chosen[place] = texts[int((top.values[place] + self.weight * rewards).argmax())][-1]
        return chosen


def load(network: Any, folder: Path) -> Any:
    """A reward model that was left in ``folder`` in PEFT's format, on the base ``network``, which is used up."""
    from peft import PeftModel

    with without_rename_warnings():
        return PeftModel.from_pretrained(classifier(network), folder).eval().requires_grad_(False)
