"""The cross-encoder that is trained here: a sentence encoder that reads query and passage together.

Its score is the cosine of two means of the last hidden states, one over the tokens of the query and one over those of
the passage. With the weights of an embedder it therefore ranks like that embedder before the first step of training; a
classifier on the first token, the usual head, starts from nothing, and a few hundred questions do not make up for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.generation.weights import choose_device, choose_dtype

DType = Literal["auto", "float32", "bfloat16"]
Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class JointEncoder:
    """A BERT-like ``model`` with its tokenizer. Pairs are cut to ``max_length`` tokens, the longer text first."""

    model: Any
    tokenizer: Any
    max_length: int
    dtype: DType

    @classmethod
    def load(cls, folder: Path, max_length: int, dtype: DType, device: Device) -> "JointEncoder":
        """The encoder in a folder of safetensors."""
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = AutoModel.from_pretrained(folder, local_files_only=True, trust_remote_code=False, use_safetensors=True)
        return cls(model.to(choose_device(device)).eval(), tokenizer, max_length, dtype)

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), config and tokenizer."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def forward(self, pairs: Sequence[tuple[str, str]]) -> Any:
        """The cosines of ``pairs`` of query and passage: a float32 tensor of shape (pairs,)."""
        import torch
        from torch.nn.functional import cosine_similarity

        queries, passages = zip(*pairs, strict=True)
        inputs = self.tokenizer(
            list(queries),
            list(passages),
            truncation="longest_first",
            max_length=self.max_length,
            padding=True,
            return_tensors="pt",
        ).to(self.model.device)
        device = self.model.device.type
        number = choose_dtype(device) if self.dtype == "auto" else self.dtype
        with torch.autocast(device, torch.bfloat16, enabled=number == "bfloat16"):
            states = self.model(**inputs).last_hidden_state.float()  # [pairs, tokens, width]
        second = inputs["token_type_ids"].bool()
        first = inputs["attention_mask"].bool() & ~second
        query, passage = ((states * part[..., None]).sum(1) for part in (first, second))  # cosines need no division
        return cosine_similarity(query, passage, dim=-1)

    def score(self, pairs: Sequence[tuple[str, str]], batch_size: int) -> list[float]:
        """The cosines of ``pairs``, computed in batches of similar length, to five digits: what is further behind
        depends on the batch."""
        import torch

        order = sorted(range(len(pairs)), key=lambda place: -sum(map(len, pairs[place])))
        scores = [0.0] * len(pairs)
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                places = order[start : start + batch_size]
                for place, value in zip(places, self.forward([pairs[place] for place in places]).tolist(), strict=True):
                    scores[place] = round(value, 5)
        return scores
