"""The folder mlflow/ explains the tracking interface; it must never become the package mlflow."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "mlflow"


def test_the_folder_holds_no_python() -> None:
    assert FOLDER.is_dir()
    assert not [path for path in FOLDER.rglob("*") if path.suffix in (".py", ".pyi", ".pyc", ".so", ".ipynb")]


@pytest.mark.parametrize("path", ["", str(ROOT)])
def test_import_mlflow_from_the_repository_root_is_the_library(path: str) -> None:
    code = "import importlib.util; print(importlib.util.find_spec('mlflow').origin)"
    environment = {"PYTHONPATH": path} if path else {}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert found.endswith("__init__.py")
    assert FOLDER not in Path(found).parents


def test_every_picture_is_shown_and_small() -> None:
    shown = set(re.findall(r"\(images/([\w.-]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8")))
    there = {path.name: path.stat().st_size for path in (FOLDER / "images").iterdir()}
    assert shown == set(there)
    assert max(there.values()) < 200_000
