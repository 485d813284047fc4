"""A configuration over HTTP: a route of its own, a page to try it in a browser, and the OpenAI-compatible routes.

One question is answered at a time. There are no users and no keys: bind the server to this machine, or put a proxy in
front, which also has to set ``metadata`` where a filter by document rights relies on it.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from pydantic import BaseModel, Field

from assay.pipeline import Answered, Pipeline
from assay.serving.asking import LONGEST_QUESTION, NoAnswerError, as_json, ask, question_of
from assay.serving.configuration_model import ConfigurationModel
from assay.serving.openai_endpoint import openai_app
from pipelines.errors import UserError

if TYPE_CHECKING:
    from fastapi import FastAPI

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
_PAGE = "page.html.j2"
_ONLY_ITSELF = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"}
_UNPROCESSABLE, _BAD_GATEWAY, _UNAVAILABLE = 422, 502, 503


class Asked(BaseModel):
    """What ``POST /answer`` takes. ``metadata`` is the asker's, for filters by document rights."""

    question: str
    metadata: dict[str, str] = Field({})


def pipeline_app(pipeline: Pipeline, *, local: bool = True) -> "FastAPI":
    """The app that serves ``pipeline``; run it with uvicorn. A ``local`` one answers to the names of this machine
    alone, so that no web page open in a browser can reach it under a name of its own."""
    from fastapi import Request
    from fastapi.concurrency import run_in_threadpool
    from fastapi.responses import HTMLResponse, JSONResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = openai_app(ConfigurationModel(pipeline), pipeline.configuration.id)
    if local:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK), www_redirect=False)

    def answered(asked: Asked) -> tuple[Answered | None, str, int]:
        """The answer, or one line that says what is wrong, and the HTTP status."""
        try:
            question = question_of(asked.question, asked.metadata)
        except UserError as error:
            return None, str(error), _UNPROCESSABLE
        try:
            return ask(pipeline, question), "", 200
        except NoAnswerError as error:
            return None, str(error), _BAD_GATEWAY
        except UserError as error:
            return None, str(error), _UNAVAILABLE

    @app.post("/answer", response_model=None)
    def answer(asked: Asked) -> JSONResponse:
        found, problem, status = answered(asked)
        return JSONResponse(as_json(found) if found else {"error": {"message": problem}}, status)

    @app.get("/health")
    async def health() -> dict[str, str]:
        # No thread of the pool, which may be full of waiting questions.
        return {"status": "ok", "configuration": pipeline.configuration.id}

    @app.get("/", response_model=None)
    async def page() -> HTMLResponse:
        return HTMLResponse(render_page(pipeline), headers=_ONLY_ITSELF)

    @app.post("/", response_model=None)
    async def answer_page(request: Request) -> HTMLResponse:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
        text = fields.get("question", [""])[0]
        found, problem, status = await run_in_threadpool(answered, Asked(question=text))
        return HTMLResponse(render_page(pipeline, text, found, problem), status, headers=_ONLY_ITSELF)

    return app


def render_page(pipeline: Pipeline, question: str = "", answered: Answered | None = None, problem: str = "") -> str:
    """The page, with the answer to ``question`` or the ``problem`` where there is one. Everything is escaped."""
    from jinja2 import Environment

    source = files(__package__ or "").joinpath(_PAGE).read_text(encoding="utf-8")
    reply: dict[str, Any] | None = as_json(answered) if answered else None
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    return template.render(
        name=pipeline.configuration.id,
        experiment=pipeline.stages.experiment.name,
        question=question[:LONGEST_QUESTION],
        longest=LONGEST_QUESTION,
        reply=reply,
        problem=problem,
    )
