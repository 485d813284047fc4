"""The model that MLflow keeps and runs as code (see ``mlflow.py`` beside it, which alone names this file)."""

from pathlib import Path

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext
from pydantic import BaseModel


class Passage(BaseModel):
    """A passage the model read."""

    id: str
    document: str
    text: str


class Tokens(BaseModel):
    """What the language model read and wrote."""

    input: int
    output: int


class Reply(BaseModel):
    """The answer to one question. ``citations`` are ids of passages."""

    answer: str
    passages: list[Passage]
    citations: list[str]
    tokens: Tokens


class PipelineModel(PythonModel):
    """Answers questions with the sealed pipeline among its artifacts."""

    def load_context(self, context: PythonModelContext) -> None:
        """Opens the pipeline and loads nothing large yet."""
        import os

        from assay.offline import silence_telemetry

        silence_telemetry(os.environ)
        from assay.export.sealed import unseal

        self.pipeline = unseal(Path(context.artifacts["pipeline"]))

    def predict(self, context: PythonModelContext, model_input: list[str]) -> list[Reply]:
        """The reply to each question. MLflow takes the schemas of both sides from the types; what is returned are plain
        values of that form, as its other tools expect."""
        from assay.serving.asking import as_json, ask, question_of

        replies = (as_json(ask(self.pipeline, question_of(text))) for text in model_input)
        return [Reply.model_validate(reply).model_dump() for reply in replies]  # type: ignore[misc]


set_model(PipelineModel())
