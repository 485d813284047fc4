"""How the model is tuned: one loss over what it writes and what its retrieval tokens find."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from math import ceil
from time import perf_counter
from typing import Any

from pipelines.descent import Descent
from pipelines.errors import UserError
from pipelines.finetuning.fast_attention import fast_attention
from pipelines.finetuning.fused_lora import fused_lora
from pipelines.learning import Report
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.lessons import Batch, Lesson, batches, check
from pipelines.retrieval.onegen.losses import bpr, cosines, generation_loss, info_nce, over_sequence
from pipelines.retrieval.onegen.sequences import Tokens
from pipelines.retrieval.onegen.states import hidden_states


def train(
    model: Any,
    lessons: Sequence[Lesson],
    document: Callable[[str], Tokens],
    known: Sequence[str],
    config: OneGenConfig,
    seed: int,
    report: Report,
) -> Mapping[str, float]:
    """Tune the adapter of ``model`` (a ``PeftModel``) in place with AdamW, a linear warm-up over a tenth of the steps
    and a linear decay. ``document`` gives the tokens of a document by its id, ``known`` are all ids. The same lessons
    and seed give the same weights on one machine. Raises ``UserError`` for lessons that cannot be learnt and a loss
    that is no number."""
    import torch

    check(lessons, known)
    steps = config.epochs * ceil(len(lessons) / config.batch_size)
    steps = min(steps, config.max_steps or steps)
    epochs = batches(lessons, known, config.batch_size, config.negatives, seed)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    descent = Descent(torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=0.0, fused=True), steps)
    losses, tokens, started = list[tuple[float, float]](), 0, perf_counter()
    with torch.random.fork_rng(), fused_lora(model):
        torch.manual_seed(seed)
        model.train()
        base = model.get_base_model()
        if config.gradient_checkpointing:
            model.activation_checkpointing_enable()
        for step, batch in enumerate(islice((one for epoch in epochs for one in epoch), steps), start=1):
            rows = [document(name) for name in batch.documents]
            lengths = [len(one.ids) for one in (*batch.sequences, *rows)]
            with fast_attention(base, max(lengths)):
                generation, retrieval = step_losses(base, batch, rows, config)
                loss = config.weight_g * generation + config.weight_r * retrieval
                if not torch.isfinite(loss):
                    raise UserError(f"retriever onegen: the loss of step {step} is no number; lower learning_rate")
                descent.step(loss)
            losses.append((float(generation.detach()), float(retrieval.detach())))
            tokens += sum(lengths)
            report(step, steps, float(loss.detach()))
        model.eval()
    last = losses[-max(1, steps // 10) :]
    return {
        "training_seconds": perf_counter() - started,
        "training_tokens": float(tokens),
        "steps": float(steps),
        "generation_loss": sum(one for one, _ in last) / len(last),
        "retrieval_loss": sum(one for _, one in last) / len(last),
    }


def step_losses(network: Any, batch: Batch, rows: Sequence[Tokens], config: OneGenConfig) -> tuple[Any, Any]:
    """The losses of generating and of retrieving, two scalars; ``rows`` are the batch's documents."""
    import torch

    body, head = network.get_decoder(), network.get_output_embeddings()
    sequences = [*batch.sequences, *rows]
    states = hidden_states(body, [one.ids for one in sequences])
    vectors = [over_sequence(state) for state in states] if config.sequence_norm else states
    taken = [state[list(one.vectors)] for state, one in zip(vectors, sequences, strict=True)]
    written = len(batch.sequences)
    generation = generation_loss(head, states[:written], [one.labels for one in batch.sequences])
    scores = cosines(
        torch.cat(taken[:written]),
        torch.cat(taken[written:]),
        [len(row.vectors) for row in rows],
        normalised=config.sequence_norm,
    )
    if config.loss == "bpr":
        return generation, bpr(scores, batch.positive, batch.negatives, config.scale)
    return generation, info_nce(scores, batch.positive, batch.also, config.scale)
