"""What rounds of preference tuning found, as rounds.json: written after every round, read again to go on."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.results import Comparison
from pipelines.errors import UserError

FILE = "rounds.json"
Gate = Literal["not_worse", "better"]
"""When a round is kept: unless it is shown worse, or only where it is shown better."""


class Against(BaseModel):
    """A candidate against what it would replace, on the same questions: means of ``metric`` and the paired test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: int = Field(description="questions asked of both")
    candidate: float = Field(description="mean of the metric, of the candidate")
    current: float = Field(description="mean of the metric, of what it would replace")
    test: Comparison = Field(description="a is the candidate, b what it would replace")

    @property
    def verdict(self) -> Literal["better", "worse", "equivalent", "undecided"]:
        """What is shown of the candidate."""
        return {"a": "better", "b": "worse", "equivalent": "equivalent"}.get(self.test.verdict, "undecided")  # type: ignore[return-value]


class Round(BaseModel):
    """One round. ``adapter`` is the fingerprint of the candidate's entry in the store, empty where no pair was left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1, description="from 1; round 0 is the supervised adapter")
    start: int = Field(ge=0, description="the round whose adapter it began from")
    kept: bool = Field(description="whether its adapter is the current one from here on")
    because: str = Field(description="why it was kept or rolled back")
    feedback: str = Field(description="kind of feedback it learnt from")
    pairs: int = Field(ge=0, description="preference pairs it was tuned on")
    adapter: str = Field("", description="fingerprint of its adapter in the store")
    dev: Against | None = Field(None, description="on the dev split")
    forgetting: Against | None = Field(None, description="on questions from outside the domain")
    spent: dict[str, float] = Field({}, description="seconds, tokens and reviewer minutes, all rounds before included")


class Rounds(BaseModel):
    """All rounds of one configuration. ``tests`` counts how often the test split was asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    name: str = Field(description="the experiment")
    configuration: str = Field(description="id of the configuration")
    fingerprint: str = Field(description="of everything the rounds depend on but the feedback")
    metric: str = Field(description="what rounds are judged by")
    prompt: str = Field(description="the prompt that dev chose for round 0, used in every round")
    gate: Gate = Field(description="when a round is kept")
    first: str = Field(description="fingerprint of round 0's adapter in the store")
    rounds: tuple[Round, ...] = Field((), description="in order")
    test: Against | None = Field(None, description="the kept adapter against round 0's, on the test split")
    tested: int | None = Field(None, description="the round whose adapter was asked on test")
    tests: int = Field(0, description="how often the test split was asked")

    @property
    def kept(self) -> int:
        """The round whose adapter is the current one; 0 is the supervised one."""
        return next((one.number for one in reversed(self.rounds) if one.kept), 0)

    @property
    def adapter(self) -> str:
        """The fingerprint of the current adapter."""
        return next((one.adapter for one in reversed(self.rounds) if one.kept), self.first)


def read_rounds(folder: Path) -> Rounds | None:
    """The rounds of a folder; ``None`` where there are none. Raises ``UserError`` where the file cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Rounds.model_validate_json(path.read_bytes())
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise UserError(f"{path}: not what assay rounds wrote ({reason}); move it away to begin anew") from error


def write_rounds(rounds: Rounds, folder: Path) -> None:
    """Write the file in one step."""
    part = folder / f"{FILE}.part"
    part.write_text(rounds.model_dump_json(indent=1) + "\n", encoding="utf-8")
    part.replace(folder / FILE)
