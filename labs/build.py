"""Make the notebooks of the labs: ``python -m labs.build`` writes the student versions to ``notebooks/``.

A lab is a Jupytext percent script. Cells of an exercise carry a tag, ``blank``, ``solution`` or ``check``, and the
exercise's number. The student version leaves the solutions out, the solved version the blanks.
"""

from pathlib import Path
from typing import Literal

import jupytext
import nbformat
from nbformat import NotebookNode

LABS = Path(__file__).parent
NOTEBOOKS = LABS.parent / "notebooks"
Version = Literal["student", "solved"]
LEFT_OUT: dict[Version, str] = {"student": "solution", "solved": "blank"}


def sources() -> list[Path]:
    """The labs in their order: the scripts whose names begin with a number."""
    return sorted(LABS.glob("[0-9][0-9]_*.py"))


def convert(source: Path, version: Version) -> NotebookNode:
    """The notebook of a lab, without outputs. Cell ids follow from the lab and the place, so a rebuild changes none."""
    script = jupytext.read(source)
    # Jupytext gives a raw cell to what the header of a script says beside itself, here a word to the linter.
    written = [cell for cell in script.cells if cell.cell_type != "raw"]
    cells = [cell for cell in written if LEFT_OUT[version] not in cell.metadata.get("tags", ())]
    for place, cell in enumerate(cells):
        cell.id = f"{source.stem[:2]}-{place:03d}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    nbformat.validate(notebook)
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """The notebook as it stands in its file."""
    return nbformat.writes(notebook) + "\n"


def build(folder: Path = NOTEBOOKS) -> list[Path]:
    """Write the student version of every lab into ``folder``; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for source in sources():
        path = folder / f"{source.stem}.ipynb"
        path.write_text(as_text(convert(source, "student")), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for path in build():
        print(path)
