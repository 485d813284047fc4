"""Measured quantities of one configuration, before any price."""

import json
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from eval.economics.hosting import Api, Hosting, Payers, SelfHosted
from eval.economics.mean_interval import Array
from eval.statistics.clustered_mean import seed_matrix

_HOSTING: TypeAdapter[Hosting] = TypeAdapter(Hosting)


def _none() -> Array:
    return np.zeros((1, 1))


@dataclass(frozen=True, eq=False)
class Usage:
    """What one configuration used up. A store hit carries the quantities of the original computation.

    Single numbers are paid once: seconds of one machine, bytes, tokens, minutes of a person. With several training
    seeds they are the mean over the seeds, for one adapter is put to use. Arrays are per test question, ``[n]`` or
    ``[seeds, n]``, or one number for all; ``machine_seconds`` is the question's share of a batched run, so that it
    reflects throughput and not latency. ``prompt_tokens`` count the whole prompt, retrieved context included.
    """

    hosting: SelfHosted | Api
    payers: Payers = field(default_factory=Payers)
    index_seconds: float = 0.0
    index_bytes: float = 0.0
    embedding_tokens: float = 0.0
    enrichment_input_tokens: float = 0.0
    enrichment_output_tokens: float = 0.0
    index_reviewer_minutes: float = 0.0
    train_seconds: float = 0.0
    training_tokens: float = 0.0
    adapter_bytes: float = 0.0
    data_generation_seconds: float = 0.0
    data_generation_input_tokens: float = 0.0
    data_generation_output_tokens: float = 0.0
    feedback_input_tokens: float = 0.0
    feedback_output_tokens: float = 0.0
    reviewer_minutes: float = 0.0
    machine_seconds: Array = field(default_factory=_none)
    prompt_tokens: Array = field(default_factory=_none)
    output_tokens: Array = field(default_factory=_none)
    query_embedding_tokens: Array = field(default_factory=_none)
    judge_seconds: Array = field(default_factory=_none)
    judge_input_tokens: Array = field(default_factory=_none)
    judge_output_tokens: Array = field(default_factory=_none)

    def __post_init__(self) -> None:
        shapes = set()
        for name, value in self._quantities():
            array = seed_matrix(value)
            if not np.isfinite(array).all() or (array < 0).any():
                raise ValueError(f"usage: {name} must be finite and not negative")
            if isinstance(value, float | int):
                continue
            object.__setattr__(self, name, array)
            shapes.add(array.shape)
        if len(shapes - {(1, 1)}) > 1:
            raise ValueError(f"usage: per-question arrays differ in shape: {sorted(shapes)}")

    def _quantities(self) -> list[tuple[str, Any]]:
        named = [(one.name, getattr(self, one.name)) for one in fields(self)]
        return [(name, value) for name, value in named if name not in ("hosting", "payers")]

    @property
    def shape(self) -> tuple[int, int]:
        """(seeds, questions) of the per-question arrays."""
        arrays = [value for _, value in self._quantities() if isinstance(value, np.ndarray)]
        return max((array.shape for array in arrays), key=lambda shape: shape[0] * shape[1])

    def to_json(self) -> str:
        """JSON with every quantity, for a store entry or a run's artefacts."""
        plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in self._quantities()}
        return json.dumps({"hosting": self.hosting.model_dump(), "payers": self.payers.model_dump(), **plain})

    @classmethod
    def from_json(cls, text: str) -> "Usage":
        """The usage that ``to_json`` wrote."""
        data: dict[str, Any] = json.loads(text)
        arrays = {key: np.array(value) for key, value in data.items() if isinstance(value, list)}
        declared = {
            "hosting": _HOSTING.validate_python(data["hosting"]),
            "payers": Payers.model_validate(data["payers"]),
        }
        return cls(**{**data, **arrays, **declared})
