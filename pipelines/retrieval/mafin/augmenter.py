"""The small trainable encoder that stands beside the black box: any sentence-transformers model, whole or cut.

A causal language model becomes an encoder by the mean of its last states, and is tuned by low-rank adapters
(Hu et al. 2021) that are merged into the weights when they are saved.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.cache import cache_folder
from pipelines.errors import UserError
from pipelines.generation.weights import (
    Device,
    Weights,
    choose_device,
    choose_dtype,
    locate,
    locate_embedded_embedder,
    prepare_embedded,
)
from pipelines.registry import Closed

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

Role = Literal["query", "document"]

_EMBEDDED: dict[str, Callable[[], Weights]] = {
    "minilm": lambda: locate(str(locate_embedded_embedder())),
    "smollm2": lambda: prepare_embedded(cache_folder()),
}
_MINILM_LAYERS = 3


class AugmenterConfig(Closed):
    """A small encoder that is trained."""

    name: str = Field(
        default="minilm",
        description="minilm or smollm2, the embedded ones; else a folder, or a name on the Hugging Face hub",
    )
    layers: int | None = Field(
        default=None,
        ge=1,
        description="transformer layers that are kept, evenly spread; none: 3 of minilm, all of any other",
    )
    lora: int | None = Field(
        default=None, ge=1, description="rank of low-rank adapters on all linear layers; none: weights are tuned whole"
    )
    trained_layers: int | None = Field(
        default=None, ge=1, description="upper layers that are trained, those below stay as they are; none: all are"
    )
    max_length: int = Field(default=128, ge=8, description="tokens of a text that are read; the rest is cut off")
    query_prefix: str = Field(default="", description="put before every query (E5 wants 'query: ')")
    document_prefix: str = Field(default="", description="put before every document (E5 wants 'passage: ')")
    batch_size: int = Field(default=32, ge=1, description="texts encoded at once")
    device: Device = Field(default="auto", description="auto takes a GPU where there is one")

    @property
    def kept_layers(self) -> int | None:
        """How many layers are kept; none: all."""
        return _MINILM_LAYERS if self.layers is None and self.name == "minilm" else self.layers

    def locate(self) -> Weights:
        """The weights that training starts from. Raises ``UserError`` where there are none."""
        return _EMBEDDED[self.name]() if self.name in _EMBEDDED else locate(self.name)


@dataclass(frozen=True)
class Augmenter:
    """A sentence-transformers ``model``, in float32; ``hash`` names the weights in the folder it was loaded from."""

    model: Any
    config: AugmenterConfig
    hash: str

    @classmethod
    def start(cls, config: AugmenterConfig) -> "Augmenter":
        """The model that training starts from: cut, and with adapters where the config says so. Raises ``UserError``
        where it has fewer layers than are to be kept."""
        weights = config.locate()
        augmenter = cls(_load(weights.path, config), config, weights.hash)
        if config.kept_layers is not None:
            keep_layers(augmenter.model[0].model, config.kept_layers)
        if config.lora is not None:
            from peft import LoraConfig, get_peft_model

            adapters = LoraConfig(r=config.lora, lora_alpha=2 * config.lora, target_modules="all-linear")
            augmenter.model[0].model = get_peft_model(augmenter.model[0].model, adapters)
        return augmenter

    @classmethod
    def load(cls, folder: Path, config: AugmenterConfig) -> "Augmenter":
        """The model that ``save`` wrote."""
        weights = locate(str(folder))
        return cls(_load(weights.path, config), config, weights.hash)

    def save(self, folder: Path) -> None:
        """Write weights (safetensors, adapters merged into them), configs and tokenizer."""
        if self.config.lora is not None:
            self.model[0].model = self.model[0].model.merge_and_unload()
        self.model.save(str(folder), create_model_card=False)

    def freeze(self) -> None:
        """Take gradients from the word embeddings, of which a few thousand questions see few, and from the layers below
        the trained ones. Raises ``UserError`` where there are fewer."""
        body = self.model[0].model
        body.get_input_embeddings().requires_grad_(False)
        if self.config.trained_layers is not None:
            _, layers = _stack(body)
            if self.config.trained_layers > len(layers):
                raise UserError(
                    f"augmenter: trained_layers: {self.config.trained_layers} are to be trained, the model has "
                    f"{len(layers)}"
                )
            for layer in layers[: len(layers) - self.config.trained_layers]:
                layer.requires_grad_(False)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.model.get_embedding_dimension())

    def forward(self, texts: Sequence[str], role: Role) -> Any:
        """Unit vectors with their gradients: a float32 tensor of shape (texts, dimension)."""
        import torch
        from torch.nn.functional import normalize

        inputs = self.model.preprocess(self._prefixed(texts, role))
        device = self.model.device
        inputs = {name: one.to(device) if torch.is_tensor(one) else one for name, one in inputs.items()}
        with _autocast(device.type):
            vectors = self.model(inputs)["sentence_embedding"]
        return normalize(vectors.float(), dim=-1)

    def embed(self, texts: Sequence[str], role: Role) -> "NDArray[float32]":
        """Unit vectors, without gradients and in float32, so that they hardly vary with the batch: shape
        (texts, dimension)."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        rows = self.model.encode(
            self._prefixed(texts, role),
            batch_size=self.config.batch_size,
            show_progress_bar=False,
            normalize_embeddings=True,
        )
        return np.asarray(rows, dtype=np.float32)

    def _prefixed(self, texts: Sequence[str], role: Role) -> list[str]:
        prefix = self.config.query_prefix if role == "query" else self.config.document_prefix
        return [prefix + text for text in texts]


def keep_layers(body: Any, number: int) -> None:
    """Cut a transformer to ``number`` of its layers, evenly spread from the first to the last, in place. Raises
    ``UserError`` where it has fewer."""
    from torch.nn import ModuleList

    name, stack = _stack(body)
    if number > len(stack):
        raise UserError(f"augmenter: layers: {number} are to be kept, the model has {len(stack)}")
    parent, _, attribute = name.rpartition(".")
    setattr(body.get_submodule(parent), attribute, ModuleList(stack[place] for place in spread(number, len(stack))))
    body.config.num_hidden_layers = number


def _stack(body: Any) -> tuple[str, Any]:
    """The layers of a transformer, and the name of their list in it."""
    from torch.nn import ModuleList

    number = body.config.num_hidden_layers
    return next(
        (name, module)
        for name, module in body.named_modules()
        if isinstance(module, ModuleList) and len(module) == number
    )


def spread(number: int, layers: int) -> list[int]:
    """``number`` of ``layers`` places, evenly spread from the first to the last; the first where it is one."""
    return [round(place * (layers - 1) / max(1, number - 1)) for place in range(number)]


def _autocast(device: str) -> AbstractContextManager[Any]:
    """Training stands bfloat16 well; it is used where the hardware multiplies it natively."""
    import torch

    return torch.autocast(device, torch.bfloat16, enabled=choose_dtype(device) == "bfloat16")


def _load(folder: Path, config: AugmenterConfig) -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    device = choose_device(config.device)
    options = {"dtype": torch.float32, "use_safetensors": True, "local_files_only": True}
    if (folder / "modules.json").is_file():
        model = SentenceTransformer(str(folder), device=device, local_files_only=True, model_kwargs=options)
    else:  # the library would take a causal model's last token, which means little before training
        body = Transformer(str(folder), model_kwargs=options)
        model = SentenceTransformer(modules=[body, Pooling(body.get_embedding_dimension(), "mean")], device=device)
    if model.tokenizer.pad_token is None:
        model.tokenizer.pad_token = model.tokenizer.eos_token
    model.max_seq_length = min(config.max_length, model.max_seq_length or config.max_length)
    return model.eval()
