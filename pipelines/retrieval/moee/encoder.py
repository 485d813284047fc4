"""Reading texts: length-sorted batches in, hidden states and router logits of their last tokens out."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pipelines.cache import cache_folder
from pipelines.errors import UserError
from pipelines.generation.weights import (
    Device,
    DType,
    Quantization,
    Weights,
    choose_device,
    choose_dtype,
    load,
    locate,
    prepare_embedded,
)
from pipelines.retrieval.moee.combining import Layout
from pipelines.retrieval.moee.gates import Gate, gate_of
from pipelines.retrieval.moee.prompts import encode
from pipelines.retrieval.moee.routed import Routed, hub_model
from pipelines.retrieval.moee.settings import HubConfig, ReadingConfig, VirtualConfig
from pipelines.retrieval.moee.virtual import experts_version, virtual_model

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoder:
    """Reads texts with one model, loaded at the first text. ``identity`` is a hash of what its rows depend on, then
    dtype, device and quantization, which may change between building and serving."""

    name: str
    identity: str
    settings: ReadingConfig
    load: Callable[[], Routed]

    @property
    def layout(self) -> Layout:
        """What a row holds."""
        return self.load().layout

    @property
    def dimension(self) -> int:
        """Length of a row."""
        return self.layout.width

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """One row for each text, float32, shape (texts, dimension): the hidden state, then the router logits of every
        layer. These are raw numbers, not a vector to compare by: see ``combining``."""
        import numpy as np
        import torch

        routed = self.load()
        ids = encode(routed.tokenizer, texts, self.settings.prompt, self.settings.max_length)
        rows = np.zeros((len(texts), routed.layout.width), dtype=np.float32)
        order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
        with torch.inference_mode():
            for start in range(0, len(order), self.settings.batch_size):
                places = order[start : start + self.settings.batch_size]
                rows[places] = _read(routed, [ids[place] for place in places])
        return rows

    embed_queries = embed_documents

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens read of each text, those of the prompt among them."""
        tokenizer = self.load().tokenizer
        return [len(ids) for ids in encode(tokenizer, texts, self.settings.prompt, self.settings.max_length)]


def encoder_of(config: ReadingConfig) -> Encoder:
    """The encoder of a config. Raises ``UserError`` where its model is none, is of the wrong sort, or cannot be loaded
    as asked; a trained one's config is read at once, weights at the first text."""
    if isinstance(config, HubConfig):
        return _hub(config)
    assert isinstance(config, VirtualConfig)
    return _virtual(config)


def _hub(config: HubConfig) -> Encoder:
    weights = locate(config.name)
    gate = gate_of(_model_config(weights), config.name, config.gate)
    quantization = _quantization(config)

    def model() -> Routed:
        return _loaded_hub(weights, config.name, gate, config.dtype, config.device, quantization)

    version = _hash(weights.hash, gate, config.prompt, str(config.max_length))
    return Encoder(weights.public_name, f"{version}:{_machine(config)}:{quantization or 'whole'}", config, model)


def _virtual(config: VirtualConfig) -> Encoder:
    weights = locate(config.name) if config.name else prepare_embedded(cache_folder())
    called = config.name or weights.public_name

    def model() -> Routed:
        return _loaded_virtual(weights, called, config.experts, config.dtype, config.device)

    version = _hash(experts_version(weights.hash, config.experts), config.prompt, str(config.max_length))
    return Encoder(f"virtual {weights.public_name}", f"{version}:{_machine(config)}", config, model)


@functools.cache
def _loaded_hub(
    weights: Weights, name: str, gate: Gate, dtype: DType, device: Device, quantization: Quantization | None
) -> Routed:
    model, tokenizer = load(weights, dtype=dtype, device=device, quantization=quantization)
    return hub_model(model, tokenizer, name, gate)


@functools.cache
def _loaded_virtual(weights: Weights, name: str, experts: int, dtype: DType, device: Device) -> Routed:
    model, tokenizer = load(weights, dtype=dtype, device=device)
    return virtual_model(model, tokenizer, name, weights.hash, experts)


def _read(routed: Routed, batch: Sequence[Sequence[int]]) -> "NDArray[float32]":
    """The rows of one batch of token ids, shape (texts, width)."""
    import torch

    longest, pad = max(map(len, batch)), routed.tokenizer.pad_token_id
    ids = torch.tensor([[*text, *[pad] * (longest - len(text))] for text in batch], device=routed.model.device)
    last = torch.tensor([len(text) - 1 for text in batch], device=routed.model.device)
    hidden, logits = routed.read(ids, last)
    rows: NDArray[float32] = torch.cat([hidden.float(), *(layer.float() for layer in logits)], dim=1).cpu().numpy()
    return rows


def _model_config(weights: Weights) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(weights.path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"moee: cannot read the config of {weights.public_name!r}: {reason}") from error


def _quantization(config: HubConfig) -> Quantization | None:
    if config.quantization == "auto":
        there = choose_device(config.device) == "cuda" and find_spec("bitsandbytes") is not None
        return "4bit" if there else None
    return None if config.quantization == "none" else config.quantization


def _machine(config: ReadingConfig) -> str:
    device = choose_device(config.device)
    return f"{choose_dtype(device) if config.dtype == 'auto' else config.dtype}:{device}"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
