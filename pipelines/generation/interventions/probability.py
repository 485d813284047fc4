"""The model's own probability of its answer, as the confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.generation.interventions import Intervention, InterventionConfig, Judgements, Subject, interventions
from pipelines.learning import Report

if TYPE_CHECKING:
    from pipelines.generation.decoding import Decoder


class ProbabilityConfig(InterventionConfig):
    """The probability of the answer's tokens under the model itself; nothing is trained but its calibration."""

    kind: Literal["probability"] = "probability"
    over: Literal["mean", "least", "sum"] = Field(
        "mean", description="of the tokens' log-probabilities: their mean, the least of them, or their sum"
    )


@interventions.kind(ProbabilityConfig)
def probability(config: ProbabilityConfig) -> Intervention:
    return ProbabilityIntervention(config)


@dataclass(frozen=True)
class ProbabilityIntervention:
    """An ``Intervention``; it listens and does not steer."""

    config: ProbabilityConfig

    def fit(
        self, subject: Subject, judgements: Judgements, folder: Path, report: Report | None = None
    ) -> Mapping[str, float]:
        """Calibrate on dev. Raises ``UserError`` without answers."""
        from pipelines.generation.answer_probability import summary
        from pipelines.generation.calibration import calibrate
        from pipelines.generation.decoding import Decoder
        from pipelines.generation.scoring import log_probabilities

        started = perf_counter()
        decoder = Decoder(subject.network, subject.tokenizer, subject.shapes)
        texts = [(one.prompt, f" {one.answer}\n") for one in judgements.calibration]
        found = log_probabilities(decoder, texts)
        scores = [summary(self.config.over, [token.log_probability for token in tokens]) for tokens in found]
        log_loss = calibrate(scores, [one.label for one in judgements.calibration], folder)
        seconds, tokens = perf_counter() - started, sum(map(len, found))
        return {"seconds": seconds, "tokens": float(tokens), "parameters": 2.0, "log_loss": log_loss}

    def decoder(self, subject: Subject, folder: Path) -> "Decoder":
        """The model, with the calibrated probability of its answers."""
        from pipelines.generation.answer_probability import Probable
        from pipelines.generation.calibration import Platt
        from pipelines.generation.decoding import Decoder

        choose = Probable(self.config.over, Platt.read(folder))
        return Decoder(subject.network, subject.tokenizer, subject.shapes, choose)
