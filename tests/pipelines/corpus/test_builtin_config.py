"""The built-in dataset as a kind: registered, light to import, careful where it exports to."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.corpus import datasets
from pipelines.corpus.builtin import BuiltinDataset, export
from pipelines.errors import UserError


def test_export_refuses_a_folder_with_content(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UserError, match="not an empty folder"):
        export(BuiltinDataset(), tmp_path)


def test_kind_is_registered() -> None:
    assert datasets.parse("builtin") == BuiltinDataset(seed=7, changed_facts=0)


def test_import_is_light() -> None:
    heavy = "{'docx', 'fpdf', 'markitdown', 'openpyxl', 'pandas', 'pdfminer', 'yaml'}"
    code = f"import sys, pipelines.corpus.builtin; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
