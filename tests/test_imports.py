"""Who imports whom, and what the light paths leave alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "peft", "trl", "pandas", "mlflow", "pydantic", "chromadb", "datasets", "sklearn", "scipy")


def run(script: str) -> str:
    command = [sys.executable, "-c", script]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout


def loaded(script: str) -> set[str]:
    """Heavy top-level modules that are loaded once ``script`` has run."""
    tail = f"\nimport json, sys\nprint('\\n' + json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    return set(json.loads(run(script + tail).splitlines()[-1]))


HELP = """
import sys
from assay.cli import main
sys.argv = ["assay", *{arguments!r}]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["data", "--help"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(HELP.format(arguments=arguments)) == set()


def test_the_check_itself_sees_a_heavy_module() -> None:
    assert loaded("import pydantic") == {"pydantic"}


def test_importing_assay_loads_nothing_heavy() -> None:
    assert loaded("import assay") == set()


def test_validating_an_experiment_loads_no_model_library() -> None:
    script = "import assay\nassay.load_experiment('configs/quickstart.yaml')"
    assert loaded(script) <= {"pydantic"}


def test_layers_hold() -> None:
    script = (
        "import sys\nfrom importlinter.cli import lint_imports\nsys.exit(lint_imports(no_cache=True, is_debug_mode=False))"
    )
    assert "0 broken" in run(script)


def test_mlflow_is_the_library_and_not_the_folder_of_that_name() -> None:
    assert "site-packages" in run("import importlib.util\nprint(importlib.util.find_spec('mlflow').origin)")


def test_tests_are_no_packages_that_would_shadow_the_source() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
