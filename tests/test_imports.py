"""Who imports whom, and what the light paths leave alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "pandas",
    "mlflow",
    "pydantic",
    "chromadb",
    "datasets",
    "sklearn",
    "scipy",
)


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


def test_help_loads_nothing_heavy() -> None:
    assert loaded(HELP.format(arguments=["--help"])) == set()


@pytest.mark.parametrize("arguments", [["run", "--help"], ["data", "--help"]], ids=" ".join)
def test_help_of_a_command_loads_no_more_than_typer_needs(arguments: list[str]) -> None:
    assert loaded(HELP.format(arguments=arguments)) <= {"pydantic"}


def test_the_check_itself_sees_a_heavy_module() -> None:
    assert loaded("import pydantic") == {"pydantic"}


def test_importing_assay_loads_nothing_heavy() -> None:
    assert loaded("import assay") == set()


@pytest.mark.parametrize(
    "script",
    [
        "import assay\nassay.load_experiment('configs/quickstart.yaml')",
        "from assay.schemas import experiment_schema\nexperiment_schema()",
    ],
    ids=["validation", "schema"],
)
def test_validation_and_schemas_load_no_model_library(script: str) -> None:
    assert loaded(script) <= {"pydantic"}


def test_layers_hold() -> None:
    script = "import sys\nfrom importlinter.cli import lint_imports\nsys.exit(lint_imports(no_cache=True))"
    assert "0 broken" in run(script)


def test_tests_are_no_packages_that_would_shadow_the_source() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
