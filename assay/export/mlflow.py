"""A pipeline as an MLflow model, logged from code: MLflow keeps ``mlflow_model.py`` and the sealed folder, no pickle.

from assay.export import mlflow as to_mlflow

to_mlflow.log_model(assay.load_pipeline("runs/quickstart"), name="handbook")
"""

import shutil
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assay.export.sealed import seal
from assay.pipeline import Pipeline

ARTIFACT = "pipeline"
EXAMPLE = ("What do you know?",)
_CODE = Path(__file__).with_name("mlflow_model.py")
_DISTRIBUTION = "assay-workbench"


def log_model(pipeline: Pipeline, *, name: str = "pipeline", **options: Any) -> Any:
    """Log ``pipeline`` to the active MLflow run, or a new one; gives MLflow's ``ModelInfo``.

    Loaded, it answers without the run, the store and the dataset, on any machine that has this version of Assay, the
    base language model and the embedder: ``mlflow.pyfunc.load_model(info.model_uri).predict(["..."])``, or
    ``mlflow models serve``. The input are questions, the output is an answer with its passages for each. An asker's
    metadata cannot be handed over, so a filter by document rights lets nothing through. ``options`` go to
    ``mlflow.pyfunc.log_model``: ``registered_model_name``, ``pip_requirements``, ``code_paths`` and others.
    """
    import mlflow

    with TemporaryDirectory() as folder:
        seal(pipeline, Path(folder, ARTIFACT))
        # A copy, as MLflow writes the path of the file into the model.
        code = shutil.copy(_CODE, folder)
        usual: dict[str, Any] = {
            "input_example": list(EXAMPLE),
            "pip_requirements": [f"{_DISTRIBUTION}=={metadata.version(_DISTRIBUTION)}"],
        }
        return mlflow.pyfunc.log_model(
            name=name,
            python_model=str(code),
            artifacts={ARTIFACT: str(Path(folder, ARTIFACT))},
            **(usual | options),
        )
