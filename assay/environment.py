"""The machine and the libraries a run was made with. Nothing of the process environment is recorded."""

import platform
from importlib.metadata import PackageNotFoundError, version

from assay.store.machine import describe_machine
from eval.results import Environment

PACKAGES = (
    "assay-workbench",
    "torch",
    "transformers",
    "peft",
    "trl",
    "sentence-transformers",
    "chromadb",
    "bm25s",
    "langchain-core",
    "langchain-text-splitters",
    "mlflow",
    "numpy",
)


def describe_environment() -> Environment:
    """Python, package versions, processor, GPU and threads."""
    import torch

    return Environment(
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        cpu=describe_machine(),
        gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        threads=torch.get_num_threads(),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
