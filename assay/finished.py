"""Reading a finished run back."""

from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from eval.results import Results
from pipelines.errors import UserError


def load_run(folder: Path) -> tuple[Results, pd.DataFrame]:
    """Results and per-question table of a run folder. Raises ``UserError`` where they are not there or not whole."""
    path = folder / "results.json"
    try:
        results = Results.load(path)
        return results, pd.read_parquet(folder / "per_question.parquet")
    except FileNotFoundError as error:
        raise UserError(f"{error.filename}: not there; {folder} is no finished run") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {field}: {first['msg']}; the file is not what this version writes") from error
