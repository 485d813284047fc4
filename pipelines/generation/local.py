"""A language model in this process: any causal model of ``transformers``, with or without a LoRA adapter."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.generation import Timing, TokenScore
from pipelines.generation.interventions import Intervention, Subject
from pipelines.generation.shapes import Shapes
from pipelines.generation.tuned_weights import merge
from pipelines.generation.weights import Device, DType, Quantization, Weights, choose_device, choose_dtype, load
from pipelines.records import Answer, Prompt

if TYPE_CHECKING:
    from pipelines.generation.decoding import Decoder

GPU_SHAPES = Shapes(pack=16384, slots=128)


class LocalModel:
    """Implements ``LanguageModel``. The weights are located and loaded when they are first needed."""

    paid_by_token = False

    def __init__(
        self,
        locate: Callable[[], Weights],
        *,
        dtype: DType = "auto",
        device: Device = "auto",
        quantization: Quantization | None = None,
    ) -> None:
        self._locate = locate
        self._dtype: DType = dtype
        self._device: Device = device
        self._quantization = quantization
        self._decoders: dict[Path | None, Decoder] = {}
        self._intervention: tuple[Intervention, Path] | None = None

    @cached_property
    def weights(self) -> Weights:
        return self._locate()

    @property
    def name(self) -> str:
        return self.weights.public_name

    @cached_property
    def shapes(self) -> Shapes:
        return Shapes() if choose_device(self._device) == "cpu" else GPU_SHAPES

    @cached_property
    def identity(self) -> dict[str, str]:
        import torch

        device = choose_device(self._device)
        hardware = torch.cuda.get_device_name() if device == "cuda" else torch.backends.cpu.get_cpu_capability()
        return {
            "weights": self.weights.hash,
            "dtype": choose_dtype(device) if self._dtype == "auto" else self._dtype,
            "device": f"{device} {hardware}",
            "quantization": self._quantization or "none",
            "threads": str(torch.get_num_threads()),
            "shapes": str(self.shapes),
        }

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.weights.path, local_files_only=True, trust_remote_code=False)

    @cached_property
    def _harmless(self) -> Callable[[str], str]:
        """Breaks every control token that a text spells (``<|im_end|>``) by a space behind its first character.

        The tokenizer would read it as the token itself, and a passage could end its turn and open one of its own.
        """
        tokens = {str(one) for one in self._tokenizer.added_tokens_decoder.values() if one.special}
        spelt = "|".join(re.escape(token) for token in sorted(tokens) if len(token) > 1)
        begins = re.compile(f"(?=(?:{spelt}))(.)", re.DOTALL) if spelt else None
        return lambda text: begins.sub(r"\1 ", text) if begins else text

    def _as_read(self, prompt: Prompt) -> Prompt:
        """A plain prompt without control tokens; a chat has its template's, and its messages went through ``chat``."""
        if prompt.messages:
            return prompt
        return replace(prompt, text=self._harmless(prompt.text), prefix=self._harmless(prompt.prefix))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        return [len(tokens) for tokens in self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def chat(self, instruction: str, turns: Sequence[tuple[str, str]], question: str) -> str:
        messages = [{"role": "system", "content": instruction}] if instruction else []
        for asked, answered in turns:
            messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        messages.append({"role": "user", "content": question})
        harmless = [message | {"content": self._harmless(message["content"])} for message in messages]
        text: str = self._tokenizer.apply_chat_template(harmless, tokenize=False, add_generation_prompt=True)
        return text

    def generate(
        self, prompts: Sequence[Prompt], max_new_tokens: int, adapter: Path | None = None
    ) -> Iterator[tuple[int, Answer]]:
        return self._decoder(adapter).generate([self._as_read(prompt) for prompt in prompts], max_new_tokens)

    def respond(self, prompt: Prompt, max_new_tokens: int, adapter: Path | None = None) -> tuple[Answer, Timing]:
        return self._decoder(adapter).respond(self._as_read(prompt), max_new_tokens)

    def log_probabilities(self, texts: Sequence[tuple[str, str]]) -> list[list[TokenScore]]:
        from pipelines.generation.scoring import log_probabilities

        return log_probabilities(self._decoder(None), texts)

    def trainable(self) -> tuple[Any, Any]:
        return self._load()

    def subject(self, adapter: Path | None = None) -> Subject:
        """The model for an intervention, loaded afresh, with the tuned weights of ``adapter`` in it."""
        network, tokenizer = self._load()
        if adapter is not None:
            network = merge(network, adapter, self.name)
        return Subject(network, tokenizer, self.name, self.shapes)

    def with_intervention(self, intervention: Intervention, folder: Path) -> LocalModel:
        """The same model, answering with ``intervention`` as it was left in ``folder``."""
        made = copy.copy(self)
        made._decoders = {}
        made._intervention = (intervention, folder)
        return made

    def _load(self) -> tuple[Any, Any]:
        return load(self.weights, dtype=self._dtype, device=self._device, quantization=self._quantization)

    def _decoder(self, adapter: Path | None) -> Decoder:
        if adapter not in self._decoders:
            from pipelines.generation.decoding import Decoder

            subject = self.subject(adapter)
            if self._intervention is None:
                self._decoders[adapter] = Decoder(subject.network, subject.tokenizer, subject.shapes)
            else:
                intervention, folder = self._intervention
                self._decoders[adapter] = intervention.decoder(subject, folder)
        return self._decoders[adapter]
