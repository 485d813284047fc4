"""Who is paid for which work. Every work has one payer, so nothing is counted twice."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Served(_Declared):
    labour_hours_month: float = Field(default=0.0, ge=0, description="hours a person looks after the service a month")


class SelfHosted(_Served):
    """Answers are computed on machines one pays for by the hour; tokens are never billed as well.

    ``per_use``: a question costs its batched machine seconds divided by the utilisation, and hosting is storage alone.
    ``dedicated``: the machines run all month and are the hosting; a question then costs nothing more, up to what the
    machines can do at the declared utilisation.
    """

    kind: Literal["self_hosted"] = "self_hosted"
    machine: str = Field(description="machine name of the price book")
    utilisation: float = Field(gt=0, le=1, description="share of the paid machine time that answers questions")
    billing: Literal["per_use", "dedicated"] = Field(default="per_use", description="pay by use or by the month")
    machines: int = Field(default=1, ge=1, description="machines running at peak; used by dedicated billing alone")


class Api(_Served):
    """Answers come from an API and are paid by billed tokens. ``machine`` prices what still runs here, such as
    retrieval, by use; its seconds must not include the wait for the API."""

    kind: Literal["api"] = "api"
    model: str = Field(description="model name, matched against the patterns of the price book")
    machine: str | None = Field(default=None, description="machine for the work done here; none if there is none")
    utilisation: float = Field(default=1.0, gt=0, le=1, description="utilisation of that machine")


Hosting = Annotated[SelfHosted | Api, Field(discriminator="kind")]


class Payers(_Declared):
    """Who is paid for the work around answering. A machine is paid by its seconds, an API by its tokens.

    Where ``embedding_api`` is absent the embedding ran inside ``index_seconds`` (and, per question, inside
    ``machine_seconds``) and its tokens are only reported.
    """

    index_machine: str | None = Field(default=None, description="machine that parsed, chunked and indexed")
    train_machine: str | None = Field(default=None, description="machine that trained and generated training data")
    judge_machine: str | None = Field(default=None, description="machine that ran a self-hosted judge")
    embedding_api: str | None = Field(default=None, description="API model that embedded, if it was one")
    enrichment_api: str | None = Field(default=None, description="API model that enriched chunks, if it was one")
    generator_api: str | None = Field(default=None, description="API model that generated training data, if it was one")
    feedback_api: str | None = Field(default=None, description="API model that graded answers to learn from")
    training_api: str | None = Field(default=None, description="API model that was fine-tuned at its provider")
    judge_api: str | None = Field(default=None, description="API model that judged answers")
