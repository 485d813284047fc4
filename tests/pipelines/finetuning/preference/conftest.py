"""An adapter of the tiny model to start from, and pairs that prefer what it was not tuned on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.finetuning.preference import PreferencePair, PreferenceTask, preferences

PAIRS = [
    PreferencePair(f"Question: What colour is the {name}?\nAnswer:", f" {better}\n", f" {worse}\n", f"q{n}", name)
    for n, (name, better, worse) in enumerate(
        [("kestrel", "green", "red"), ("orison", "deep blue", "grey and white"), ("sable", "red", "green")]
    )
]


@pytest.fixture
def start(tune: Callable[..., Any], model: Any, tokenizer: Any, tmp_path: Path) -> Path:
    """The folder of an adapter tuned for two epochs."""
    tune(model, tokenizer, tmp_path / "start")
    return tmp_path / "start"


@pytest.fixture
def prefer(model: Any, tokenizer: Any, start: Path) -> Callable[..., Any]:
    """Runs DPO on ``PAIRS`` from ``start``; returns the quantities."""

    def run(folder: Path, *, seed: int = 1, pairs: Any = PAIRS, progress: Any = None, **options: Any) -> Any:
        from copy import deepcopy

        usual = {"kind": "dpo", "learning_rate": 5e-2, "epochs": 4, "batch_size": 3}
        train = preferences.build(preferences.parse({**usual, **options}))
        return train(PreferenceTask(deepcopy(model), tokenizer, pairs, start, folder, "owner/base", seed, progress))

    return run
