"""The solved labs run from the first cell to the last, in a folder and a kernel of their own.

They run at small sizes, with every step and the real model; ``ASSAY_LABS=whole`` runs them at the sizes students see.
"""

import ast
import os
import sys
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="the labs need the extra 'labs'")
pytest.importorskip("jupytext", reason="the labs need the extra 'labs'")
pytest.importorskip("matplotlib", reason="the labs need the extra 'labs'")
pytest.importorskip("ipykernel", reason="the labs need the extra 'labs'")

from jupyter_client.manager import AsyncKernelManager  # noqa: E402

from labs.build import convert, sources  # noqa: E402

ROOT = Path(__file__).parents[2]
SMALL = {
    "01_quickstart": {"PAIRS": 18, "EPOCHS": 1, "DEV": 3, "TEST": 18, "TOKENS": 8, "DOCUMENTS": 60},
    "02_advanced_rag": {"MULTI_HOP": 6, "SINGLE_HOP": 4, "NUMERIC": 2, "ASKED": 3},
    "03_data_and_lora": {"PAIRS": 12, "EPOCHS": 1, "DEV": 3, "TEST": 9, "OUTSIDE": 10, "TOKENS": 6},
    "04_feedback_and_rounds": {"PAIRS": 16, "EXAM": 18, "OUTSIDE": 10, "TOKENS": 6, "SAMPLES": 3},
    "05_benchmark_and_roi": {"PAIRS": 18, "EPOCHS": 1, "DEV": 3, "TEST": 31, "ASKED_AGAIN": 4, "TOKENS": 6},
    "06_embeddings": {"DOCUMENTS": 15, "TRAIN": 24, "DEV": 4, "TEST": 18, "STEPS": 4},
    "07_one_pass_and_signals": {
        "PAIRS": 8,
        "STEPS": 2,
        "DEV": 4,
        "TEST": 9,
        "DOCUMENTS": 9,
        "TOKENS": 6,
        "TAUGHT": 8,
        "ANSWERED": 6,
        "CALIBRATED": 4,
        "ASKED": 9,
        "EPOCHS": 1,
    },
}


def resize(notebook: Any, sizes: dict[str, int]) -> None:
    """Set names that the cell tagged ``parameters`` gives a value to, as papermill would."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    given = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    assert given >= set(sizes)
    cell.source += "".join(f"\n{name} = {size}" for name, size in sizes.items())


def labs() -> list[Any]:
    """Every lab; those after the first are left to ``make test-labs``."""
    # The colons make each lab a scope of its own to pytest-xdist, which would hand one process the whole file.
    marks = [(), *[(pytest.mark.lab,)] * (len(sources()) - 1)]
    return [
        pytest.param(path, id=f"{path.stem}::solved", marks=own) for path, own in zip(sources(), marks, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("lab", labs())
def test_solved_lab_runs_and_passes_its_own_checks(lab: Path, tmp_path: Path) -> None:
    notebook = convert(lab, "solved")
    if os.environ.get("ASSAY_LABS") != "whole":
        resize(notebook, SMALL[lab.stem])
    # This interpreter as the kernel, so that no kernel needs to be installed.
    kernel = AsyncKernelManager(kernel_cmd=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    client = nbclient.NotebookClient(notebook, km=kernel, timeout=800, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    )
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", ())]
    printed = ["".join(output.get("text", "") for output in cell.outputs) for cell in checks]
    assert checks
    assert all(text.startswith("Well done") for text in printed)
    assert not [o for cell in notebook.cells for o in cell.get("outputs", ()) if o.get("name") == "stderr"]
