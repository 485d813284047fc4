"""The experiment of a finished run, kept beside its results, so that the run can be served, exported or run again."""

import os
from pathlib import Path
from typing import Any

from assay.experiment import Experiment
from assay.loading import as_yaml, load_experiment
from assay.tracking.privacy import privacy
from pipelines.errors import UserError

FILE = "experiment.yaml"
_ROOT = Path("/")


def write_experiment(experiment: Experiment, folder: Path) -> Path:
    """Write ``folder/experiment.yaml``. Relative paths are written as seen from ``folder``, as every experiment file
    means them. Should the value of a secret environment variable stand in a field, its name is written instead."""
    dataset = _seen_from(folder, experiment.dataset.model_dump())
    book = experiment.economics.price_book
    economics = {"price_book": str(_from(folder, Path(book)))} if book else {}
    text = as_yaml(
        experiment.model_copy(
            update={
                "dataset": experiment.dataset.model_copy(update=dataset),
                "economics": experiment.economics.model_copy(update=economics),
            }
        )
    )
    path = folder / FILE
    part = path.with_suffix(".part")
    part.write_text(without_secrets(text), encoding="utf-8")
    part.replace(path)
    return path


def read_experiment(folder: Path) -> Experiment:
    """The experiment of a run folder. Raises ``UserError`` where it is not there or not valid."""
    path = folder / FILE
    if not path.is_file():
        raise UserError(f"{path}: not there; run the experiment again, what it computed is still in the store")
    return load_experiment(path)


def without_secrets(text: str) -> str:
    """``text`` with names in place of the values of secret environment variables."""
    # With the root as home and working folder no path is replaced: they have to be found again.
    return privacy(os.environ, text, working=_ROOT, home=_ROOT).text(text)


def _seen_from(folder: Path, fields: dict[str, Any]) -> dict[str, Path]:
    return {name: _from(folder, value) for name, value in fields.items() if isinstance(value, Path)}


def _from(folder: Path, path: Path) -> Path:
    return path if path.is_absolute() else Path(os.path.relpath(path, folder))
