"""The supervised loss, taken at completion positions only, as a TRL trainer.

TRL 1.16 projects every position onto the whole vocabulary outside Triton devices, and computes entropy and top-1
accuracy besides. With prompts of 35 tokens and answers of 6 that is six times the needed work in the largest matrix of
a small model.
"""

from functools import cache
from typing import Any

from pipelines.errors import UserError
from pipelines.finetuning.examples import IGNORED

_LOGIT_CHANGES = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def completion_loss(model: Any, inputs: Any) -> Any:
    """Mean negative log-likelihood of the labelled tokens, a scalar tensor.

    ``inputs`` holds ``input_ids``, ``attention_mask`` and ``labels``, each ``[batch, length]``; the logits of position
    t predict the label of t + 1. The softmax is taken in float32.
    """
    import torch

    body = getattr(model, model.base_model_prefix)
    hidden = body(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).last_hidden_state
    labels = inputs["labels"][:, 1:]
    counted = labels != IGNORED
    logits = model.get_output_embeddings()(hidden[:, :-1][counted])  # [counted tokens, vocabulary]
    return torch.nn.functional.cross_entropy(logits.float(), labels[counted])


def has_plain_head(model: Any) -> bool:
    """Whether the logits are the output embedding of the last hidden state and nothing else."""
    config = model.config.get_text_config()
    plain = all(getattr(config, name, None) in (None, 1.0) for name in _LOGIT_CHANGES)
    return plain and not getattr(config, "output_router_logits", False) and bool(model.base_model_prefix)


@cache
def completion_trainer() -> Any:
    """``SFTTrainer`` with ``completion_loss``; models with another head keep TRL's. ``losses`` holds one per step."""
    from trl import SFTTrainer

    class CompletionTrainer(SFTTrainer):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.losses: list[float] = []
            self.base = self.model.get_base_model()
            self.plain = has_plain_head(self.base)

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            if self.plain and not return_outputs:
                loss = completion_loss(self.base, inputs)
            else:
                loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            value = float((loss[0] if return_outputs else loss).detach())
            if not -float("inf") < value < float("inf"):
                raise UserError(
                    f"the training loss became {value} at step {self.state.global_step + 1} of {self.state.max_steps}; "
                    f"lower learning_rate (now {self.args.learning_rate:g}) or max_grad_norm"
                )
            self.losses.append(value)
            return loss

        def _send_telemetry(self) -> None:
            """Nothing is sent, whatever the environment says."""

        def log(self, logs: Any, start_time: float | None = None) -> None:
            """Nothing is logged: progress goes through the callback."""

    return CompletionTrainer
