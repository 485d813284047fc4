"""LoRA tuning speed: Assay's trainer against stock TRL and a plain PyTorch loop, on the embedded model.

    python benchmarks/lora_speed.py --threads 1 --rounds 3

Every contestant trains the same batch of question-answer pairs from the same seed in the model's native dtype, with
gradient checkpointing off; the first step is dropped. Contestants take turns, so that other load on the machine meets
all of them, and the fastest step of each counts. Processor time is the measure to read where the machine is shared;
with one thread it is what an idle machine takes.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.cache import cache_folder
from pipelines.finetuning import TuningTask, trainers
from pipelines.finetuning.data import TrainingSet
from pipelines.finetuning.examples import encode_pairs
from pipelines.generation.weights import Weights, load, prepare_embedded
from pipelines.records import TrainingPair

Step = tuple[float, float, float]
"""Wall seconds, processor seconds and loss."""
BATCH, SEED, RATE = 16, 1, 1e-3


class Clock:
    """Collects one ``Step`` per call."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def step(self, loss: float) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        self.steps.append((wall - self.wall, processor - self.processor, loss))
        self.wall, self.processor = wall, processor


def questions() -> list[TrainingPair]:
    """One batch of invented facts, about 38 tokens each."""
    things = ("operating pressure", "list price in euros", "responsible engineer", "date of inspection")
    return [
        TrainingPair(
            f"Question: What is the {things[i % 4]} of the Kestrel {300 + 7 * i} pump when it is installed outdoors, "
            "according to the current manual?\nAnswer:",
            f" {['Norwick', 'Veldt', 'Sable'][i % 3]} {17 * i + 3}\n",
            f"q{i}",
        )
        for i in range(BATCH)
    ]


def ours(weights: Weights, pairs: list[TrainingPair], steps: int) -> list[Step]:
    model, tokenizer = load(weights, device="cpu")
    clock = Clock()
    config = trainers.parse(
        {"kind": "lora", "rank": 16, "alpha": 32, "epochs": steps, "batch_size": BATCH, "learning_rate": RATE}
        | {"scheduler": "constant_with_warmup", "warmup_ratio": 0.0}
    )
    with TemporaryDirectory() as folder:
        data = TrainingSet(tuple(pairs))
        task = TuningTask(model, tokenizer, data, Path(folder), "", SEED, progress=lambda *step: clock.step(step[2]))
        trainers.build(config)(task)
    return clock.steps


def _adapter() -> Any:
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")


def stock(weights: Weights, pairs: list[TrainingPair], steps: int) -> list[Step]:
    """TRL's ``SFTTrainer`` as it comes, on the same token ids and labels."""
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    model, tokenizer = load(weights, device="cpu")
    clock = Clock()

    class Timer(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.step(float("nan"))

    with TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            lr_scheduler_type="constant",
            seed=SEED,
            bf16=model.dtype == torch.bfloat16,
            gradient_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        )
        trainer = SFTTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_list(encode_pairs(pairs, tokenizer, 512)),
            processing_class=tokenizer,
            peft_config=_adapter(),
            callbacks=[Timer()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return [(wall, processor, loss) for (wall, processor, _), loss in zip(clock.steps, losses, strict=True)]


def plain(weights: Weights, pairs: list[TrainingPair], steps: int) -> list[Step]:
    """PEFT, autocast and AdamW in a loop, the loss from the model's own forward."""
    import torch
    from peft import get_peft_model
    from transformers import set_seed
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    model, tokenizer = load(weights, device="cpu")
    set_seed(SEED)
    tuned = get_peft_model(model, _adapter()).train()
    parameters = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0)
    batch = DataCollatorForLanguageModeling(tokenizer.pad_token_id)(encode_pairs(pairs, tokenizer, 512))
    clock = Clock()
    for _ in range(steps):
        with torch.autocast("cpu", torch.bfloat16, enabled=model.dtype == torch.bfloat16):
            loss = tuned(**batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        clock.step(loss.item())
    return clock.steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    weights = prepare_embedded(cache_folder())
    pairs = questions()
    _, tokenizer = load(weights, device="cpu")
    tokens = sum(len(example["input_ids"]) for example in encode_pairs(pairs, tokenizer, 512))
    contestants: dict[str, Callable[..., list[Step]]] = {"stock TRL": stock, "plain loop": plain, "Assay": ours}
    rounds: dict[str, list[list[Step]]] = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, run in contestants.items():
            rounds[name].append(run(weights, pairs, options.steps)[1:])
    fastest = {
        name: tuple(min(step[kind] for steps in runs for step in steps) for kind in (0, 1))
        for name, runs in rounds.items()
    }
    print(f"{tokens} tokens in a step of {BATCH} pairs, {options.threads} thread(s), {options.rounds} rounds")
    print(f"{'':12}{'tok/s wall':>12}{'tok/s cpu':>12}{'x stock':>10}{'x plain':>10}   losses from step 2")
    for name, (wall, processor) in fastest.items():
        ratios = [fastest[other][1] / processor for other in ("stock TRL", "plain loop")]
        losses = " ".join(f"{step[2]:.3f}" for step in rounds[name][0])
        print(f"{name:12}{tokens / wall:12.0f}{tokens / processor:12.0f}{ratios[0]:10.2f}{ratios[1]:10.2f}   {losses}")


if __name__ == "__main__":
    main()
