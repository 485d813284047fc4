"""Otter: a signal from parameters inserted into the frozen model (Yuan et al. 2024, arXiv 2408.10764).

The model's own answers stay as they are; the signal at their end is the confidence, and may steer the choice of tokens
on the way (ARGS, Khanov et al. 2024).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.effort import Effort, Volume
from pipelines.generation.interventions import Intervention, InterventionConfig, Judgements, Subject, interventions
from pipelines.learning import Report

if TYPE_CHECKING:
    from pipelines.generation.decoding import Decoder


class OtterConfig(InterventionConfig):
    """A signal read off parameters that are inserted into the frozen model, in the pass that writes the answer."""

    kind: Literal["otter"] = "otter"
    form: Literal["split", "fused"] = Field(
        "split", description="split keeps the model's logits to the bit; fused runs one ordinary, larger checkpoint"
    )
    width: int = Field(48, ge=1, description="numbers added to the hidden state of every layer")
    kv_heads: int = Field(1, ge=1, description="key heads added to every layer, each with its group of query heads")
    inner: int = Field(128, ge=1, description="neurons added to every feed-forward")
    begin: Literal["copy", "random"] = Field(
        "copy", description="what training starts from: slices of the model's own weights, or random numbers"
    )
    weight: float = Field(0.0, ge=0, description="how much the signal counts beside a token's logit; 0 only listens")
    candidates: int = Field(10, ge=2, description="likeliest tokens the signal chooses among; with a weight")
    objective: Literal["pointwise", "pairwise"] = Field(
        "pointwise", description="learn each answer's label, or which of two answers to one prompt is better"
    )
    beginnings: float = Field(0.3, ge=0, description="weight of the loss on the beginnings of answers")
    tokens: float = Field(0.3, ge=0, description="weight of the loss of the signal foretold for every next token")
    epochs: int = Field(
        2,
        ge=0,
        description="passes over the answers, after the head alone has been fitted; the one of least loss on dev is "
        "kept, the fitted head too, and 0 stops there",
    )
    batch_size: int = Field(16, ge=1, description="answers, or pairs of them, that are computed together")
    learning_rate: float = Field(1e-4, gt=0, description="peak learning rate of AdamW")
    weight_decay: float = Field(0.01, ge=0, description="weight decay of AdamW")
    max_length: int = Field(1024, ge=2, description="longest prompt with an answer in tokens; never cut")

    def effort(self, volume: Volume) -> Effort:
        """As every intervention; and the inserted parameters are trained on all answers with their prompts."""
        return self._trained(volume, self.epochs)


@interventions.kind(OtterConfig)
def otter(config: OtterConfig) -> Intervention:
    return OtterIntervention(config)


@dataclass(frozen=True)
class OtterIntervention:
    """An ``Intervention``."""

    config: OtterConfig

    def fit(
        self, subject: Subject, judgements: Judgements, folder: Path, report: Report | None = None
    ) -> Mapping[str, float]:
        """Train the inserted parameters in float32, and leave them with their calibration. Raises ``UserError``."""
        import torch

        from pipelines.generation.calibration import calibrate
        from pipelines.generation.judged_tokens import encode
        from pipelines.generation.otter import files, training
        from pipelines.generation.otter.parameters import Otter, copy_slices, draw_random
        from pipelines.generation.otter.size import Size

        config, network, tokenizer = self.config, subject.network, subject.tokenizer
        with torch.random.fork_rng():
            torch.manual_seed(judgements.seed)
            made = Otter(network, Size(config.width, config.kv_heads, config.inner))
            if config.begin == "copy":
                copy_slices(made, network)
            else:
                draw_random(made, network.config.initializer_range)
        made.to(network.device)
        rows, dev = (encode(some, tokenizer, config.max_length) for some in (judgements.train, judgements.dev))
        settings = training.Settings(
            config.objective,
            config.beginnings,
            config.tokens,
            config.epochs,
            config.batch_size,
            config.learning_rate,
            config.weight_decay,
        )
        took = training.train(network, made, rows, dev, settings, tokenizer.pad_token_id, judgements.seed, report)
        held = encode(judgements.calibration, tokenizer, config.max_length)
        found = training.signals(network, made, held, tokenizer.pad_token_id, config.batch_size)
        files.write(made, folder)
        log_loss = calibrate(found, [row.label for row in held], folder)
        return {**took, "parameters": float(sum(p.numel() for p in made.parameters())), "log_loss": log_loss}

    def decoder(self, subject: Subject, folder: Path) -> "Decoder":
        """The model with the parameters of ``folder`` in it. Raises ``UserError`` where they do not fit."""
        from pipelines.generation.calibration import Platt
        from pipelines.generation.decoding import Decoder
        from pipelines.generation.otter import files
        from pipelines.generation.otter.insertion import Insertion
        from pipelines.generation.otter.merged import merge
        from pipelines.generation.otter.steering import Steered
        from pipelines.generation.packed_linear import pack_linears

        made = files.read(folder, subject.network)
        choose = Steered(made, Platt.read(folder), self.config.weight, self.config.candidates)
        if self.config.form == "fused":
            return Decoder(merge(subject.network, made), subject.tokenizer, subject.shapes, choose)
        decoder = Decoder(subject.network, subject.tokenizer, subject.shapes, choose)
        Insertion(subject.network, made)  # after the decoder, which may replace the modules that are listened to
        decoder.layers += len(made.layers)
        pack_linears(made)
        return decoder
