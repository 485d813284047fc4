"""Reranking by a cross-encoder, which reads query and passage together (Nogueira and Cho 2019).

A ready one is named and run by sentence-transformers. Without a name one is trained here, from the embedded MiniLM on
the questions of train.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.generation.weights import Weights, choose_device, choose_dtype, locate, locate_embedded_embedder
from pipelines.learning import Material, Report
from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.joint_encoder import Device, DType, JointEncoder
from pipelines.post_retrieval.ordering import PairReranker
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class CrossEncoderConfig(StageConfig):
    """A cross-encoder, a named one or one trained here on the train questions."""

    kind: Literal["cross_encoder"] = "cross_encoder"
    name: str | None = Field(
        default=None, description="a folder, or a name on the Hugging Face hub; without one a model is trained here"
    )
    max_length: int = Field(default=256, ge=16, description="tokens of query and passage together; the rest is cut off")
    batch_size: int = Field(default=32, ge=1, description="pairs scored at once")
    dtype: DType = Field(
        default="float32",
        description="of scoring; bfloat16 is faster where the hardware has it, but varies with the batch",
    )
    device: Device = Field(default="auto", description="auto takes a GPU where there is one")
    steps: int = Field(default=100, ge=1, description="optimiser steps of the training; this and below: without a name")
    questions_per_step: int = Field(default=4, ge=1, description="questions of one step")
    negatives: int = Field(default=4, ge=1, description="unsupporting chunks beside the supporting one, per question")
    learning_rate: float = Field(default=5e-5, gt=0, description="peak learning rate of AdamW")


@post_processors.kind(CrossEncoderConfig)
def cross_encoder(config: CrossEncoderConfig) -> PostProcessor:
    """All chunks in a new order; equal scores keep theirs. Without a name it is a ``Learner``. Raises ``UserError``
    where the named model does not exist, has no safetensors or gives more than one score."""
    if config.name is None:
        return TrainedCrossEncoder(config)
    weights = locate(config.name)
    return PairReranker(_identity(weights, config), NamedScores(weights, config))


def _identity(weights: Weights, config: CrossEncoderConfig) -> str:
    device = choose_device(config.device)
    return f"{weights.hash}:{choose_dtype(device) if config.dtype == 'auto' else config.dtype}:{device}"


@dataclass(frozen=True)
class TrainedCrossEncoder:
    """A ``Learner``: a cross-encoder that starts as the embedded MiniLM."""

    config: CrossEncoderConfig

    @property
    def identity(self) -> str:
        """The weights that training starts from."""
        return _identity(locate(str(locate_embedded_embedder())), self.config)

    def __call__(self, found: Sequence[Found], tools: Tools) -> list[Found]:
        raise RuntimeError("this cross-encoder is not trained: call fit, and rerank with what open returns")

    def fit(self, material: Material, folder: Path, report: Report) -> Mapping[str, float]:
        """Train on ``material.train`` and write weights, config and tokenizer into ``folder``."""
        from pipelines.post_retrieval.cross_encoder_training import Settings, train

        config = self.config
        settings = Settings(config.steps, config.questions_per_step, config.negatives, config.learning_rate)
        # Gradients stand bfloat16 well, whatever dtype is scored in.
        encoder = JointEncoder.load(locate_embedded_embedder(), config.max_length, "auto", config.device)
        measured = train(encoder, settings, material, report)
        encoder.save(folder)
        return measured

    def open(self, folder: Path) -> PairReranker:
        """The reranker that ``fit`` wrote."""
        config = self.config
        encoder = JointEncoder.load(folder, config.max_length, config.dtype, config.device)
        identity = _identity(locate(str(folder)), config)
        return PairReranker(identity, lambda pairs: encoder.score(pairs, config.batch_size))


@dataclass(frozen=True)
class NamedScores:
    """The scores of a ready cross-encoder; its weights are loaded at the first pair."""

    weights: Weights
    config: CrossEncoderConfig

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """One logit for each pair, to five digits: what is further behind depends on the batch. The library sorts
        the pairs by length before it cuts batches."""
        import torch

        scores = self._model.predict(
            [list(pair) for pair in pairs],
            batch_size=self.config.batch_size,
            activation_fn=torch.nn.Identity(),  # a sigmoid would make ties of the best
            show_progress_bar=False,
        )
        return [round(float(score), 5) for score in scores]

    @cached_property
    def _model(self) -> Any:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        import torch
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging

        logging.disable_progress_bar()
        device = choose_device(self.config.device)
        number = choose_dtype(device) if self.config.dtype == "auto" else self.config.dtype
        try:
            model = CrossEncoder(
                str(self.weights.path),
                device=device,
                max_length=self.config.max_length,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": getattr(torch, number), "use_safetensors": True},
            )
        except (OSError, ValueError) as error:
            reason = str(error).strip().split("\n")[0]
            raise UserError(f"cross_encoder: cannot load name {self.weights.public_name!r}: {reason}") from error
        if model.num_labels != 1:
            raise UserError(
                f"cross_encoder: name {self.weights.public_name!r} gives {model.num_labels} scores for a pair; "
                "choose a model with one"
            )
        return model
