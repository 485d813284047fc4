"""A linear probe on the model's own last hidden state."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.generation.interventions import Intervention, InterventionConfig, Judgements, Subject, interventions
from pipelines.learning import Report

if TYPE_CHECKING:
    from pipelines.generation.decoding import Decoder


class ProbeConfig(InterventionConfig):
    """Logistic regression on the frozen model's last hidden state at the end of an answer."""

    kind: Literal["probe"] = "probe"
    batch_size: int = Field(16, ge=1, description="answers that are read together in training")
    max_length: int = Field(1024, ge=2, description="longest prompt with an answer in tokens; never cut")


@interventions.kind(ProbeConfig)
def probe(config: ProbeConfig) -> Intervention:
    return ProbeIntervention(config)


@dataclass(frozen=True)
class ProbeIntervention:
    """An ``Intervention``; it listens and does not steer."""

    config: ProbeConfig

    def fit(
        self, subject: Subject, judgements: Judgements, folder: Path, report: Report | None = None
    ) -> Mapping[str, float]:
        """Fit the regression on train, its penalty and its calibration on dev. Raises ``UserError`` without answers."""
        import numpy as np

        from pipelines.generation import linear_probe
        from pipelines.generation.calibration import calibrate
        from pipelines.generation.judged_tokens import encode, last_states

        if not judgements.train or not judgements.calibration:
            raise UserError("intervention probe: no judged answers of train and dev to learn from")
        started, tokens = perf_counter(), 0
        padding, sides = subject.tokenizer.pad_token_id, []
        for some in (judgements.train, judgements.dev, judgements.calibration):
            rows = encode(some, subject.tokenizer, self.config.max_length)
            states = last_states(subject.network, rows, padding, self.config.batch_size)
            sides.append((states.float().cpu().numpy(), np.array([row.label for row in rows])))
            tokens += sum(len(row.ids) for row in rows)
        made = linear_probe.train(*sides[0], *sides[1])
        made.write(folder)
        states, labels = sides[2]
        log_loss = calibrate(made(states).tolist(), labels.tolist(), folder)
        if report is not None:
            report(1, 1, log_loss)
        return {
            "seconds": perf_counter() - started,
            "tokens": float(tokens),
            "parameters": float(len(made.weight) + 1),
            "log_loss": log_loss,
        }

    def decoder(self, subject: Subject, folder: Path) -> "Decoder":
        """The model, whose answers the probe of ``folder`` reads along with."""
        from pipelines.generation.calibration import Platt
        from pipelines.generation.decoding import Decoder
        from pipelines.generation.linear_probe import Probe, Probed

        found = Probe.read(folder)
        width = subject.network.config.get_text_config().hidden_size
        if len(found.weight) != width:
            raise UserError(f"{folder}: a probe of {len(found.weight)} numbers, and the model has {width}")
        choose = Probed(found, Platt.read(folder), subject.network.device)
        return Decoder(subject.network, subject.tokenizer, subject.shapes, choose)
