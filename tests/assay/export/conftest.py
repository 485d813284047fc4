"""A pipeline over the small dataset with a model that answers as told, made without a run."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.pipeline import Pipeline
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store

KESTREL = "Which colour has the kestrel pump?"


@pytest.fixture
def awaited() -> Callable[..., Any]:
    """Awaits a coroutine in a thread of its own: Playwright leaves an event loop running in the main one."""

    def run(coroutine: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, coroutine).result()

    return run


@pytest.fixture
def make_pipeline(fake_model: Any, small_dataset: Any, tmp_path: Path) -> Callable[..., Pipeline]:
    """A pipeline of one configuration, ``{"arm": "rag", "retriever": "bm25"}`` with the fields given."""
    dataset = small_dataset(tmp_path / "data")
    fake_model.reply = lambda text: "green" if "kestrel pump is green" in text else "unknown"

    def make(examples: int = 0, **fields: Any) -> Pipeline:
        configuration = {"id": "mine", "arm": "rag", "retriever": "bm25", "depth": 2, **fields}
        if configuration["arm"] in ("closed_book", "lora"):
            configuration = {name: configuration[name] for name in configuration if name not in ("retriever", "depth")}
        experiment = parse_experiment(
            {
                "name": "pumps",
                "dataset": dataset,
                "llm": "fake",
                "prompts": [{"name": "first", "examples": examples, "instruction": ""}, {"name": "second"}],
                "configurations": [configuration, {"id": "other", "arm": "gold_context"}],
                "contrasts": [("mine", "other")],
                "economics": {"status_quo": "other"},
            }
        )
        stages = Stages(experiment, Store(tmp_path / "store"), Progress())
        return Pipeline(stages, experiment.configurations[0], experiment.prompts[0])

    return make
