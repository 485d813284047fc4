"""The solved labs run from the first cell to the last, in a folder and a kernel of their own."""

import os
import sys
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="the labs need the extra 'labs'")
pytest.importorskip("jupytext", reason="the labs need the extra 'labs'")
pytest.importorskip("matplotlib", reason="the labs need the extra 'labs'")
pytest.importorskip("ipykernel", reason="the labs need the extra 'labs'")

from jupyter_client.manager import AsyncKernelManager  # noqa: E402

from labs.build import convert, sources  # noqa: E402

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("lab", sources(), ids=lambda path: path.stem)
def test_solved_lab_runs_and_passes_its_own_checks(lab: Path, tmp_path: Path) -> None:
    notebook = convert(lab, "solved")
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
