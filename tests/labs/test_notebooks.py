"""The student notebooks: up to date with their labs, whole exercises, and a check that helps."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

jupytext = pytest.importorskip("jupytext", reason="the labs need the extra 'labs'")
pytest.importorskip("matplotlib", reason="the labs need the extra 'labs'")

from labs.build import NOTEBOOKS, as_text, build, convert, sources  # noqa: E402

LABS = pytest.mark.parametrize("lab", sources(), ids=lambda path: path.stem)
PARTS = ["blank", "solution", "check"]


def parts(lab: Path) -> dict[str, list[Any]]:
    """The tagged cells of each exercise in the order of the script."""
    found: dict[str, list[Any]] = {}
    for cell in jupytext.read(lab).cells:
        if "exercise" in cell.metadata:
            found.setdefault(cell.metadata["exercise"], []).append(cell)
    return found


def test_there_is_a_lab() -> None:
    assert [lab.stem for lab in sources()][:1] == ["01_quickstart"]


@LABS
def test_notebook_is_up_to_date(lab: Path) -> None:
    on_disk = (NOTEBOOKS / f"{lab.stem}.ipynb").read_text(encoding="utf-8")
    assert on_disk == as_text(convert(lab, "student")), "run: python -m labs.build"


def test_rebuild_is_byte_identical(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in build(tmp_path)]
    assert first == [path.read_bytes() for path in build(tmp_path)]


def test_no_notebook_without_a_lab() -> None:
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {lab.stem for lab in sources()}


@LABS
def test_student_version_holds_no_solution_and_no_output(lab: Path) -> None:
    cells = json.loads(as_text(convert(lab, "student")))["cells"]
    assert not [cell for cell in cells if "".join(cell["source"]).startswith("# solution")]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert {cell["cell_type"] for cell in cells} == {"markdown", "code"}


@LABS
def test_every_exercise_has_task_blank_solution_and_check(lab: Path) -> None:
    exercises = parts(lab)
    assert len(exercises) >= 6
    text = "\n".join(cell.source for cell in jupytext.read(lab).cells if cell.cell_type == "markdown")
    assert re.findall(r"^### Exercise (\d+)", text, re.MULTILINE) == list(exercises)
    for number, cells in exercises.items():
        assert [cell.metadata["tags"][0] for cell in cells] == PARTS, f"exercise {number}"
        blank, solution, check = (cell.source for cell in cells)
        assert re.search(r"\.\.\.", blank)
        assert solution.startswith("# solution\n")
        assert "..." not in solution
        assert "assert " in check
        assert "Well done" in check


@LABS
def test_every_assertion_of_a_check_explains_itself(lab: Path) -> None:
    import ast

    for number, cells in parts(lab).items():
        asserts = [node for node in ast.walk(ast.parse(cells[2].source)) if isinstance(node, ast.Assert)]
        assert all(node.msg is not None for node in asserts), f"exercise {number}"


def test_first_check_of_the_student_version_stops_at_the_blank_with_help(tmp_path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    namespace: dict[str, Any] = {}
    for cell in convert(sources()[0], "student").cells:
        if cell.cell_type != "code":
            continue
        if "check" in cell.metadata.get("tags", ()):
            with pytest.raises(AssertionError, match=r"Replace the \.\.\. by a condition"):
                exec(cell.source, namespace)
            return
        exec(cell.source, namespace)
    pytest.fail("the student version has no check")
