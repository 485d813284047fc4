"""Checkpoints of a training as safetensors and JSON: what is needed to go on as if nothing had happened.

``transformers`` keeps optimiser, scheduler and random states as pickles; the trainer here overrides the methods that
do. A checkpoint is one folder, renamed into place whole:

    weights.safetensors     the parameters that are trained, by name
    optimizer.safetensors   "<index>.<quantity>" of every parameter (AdamW: step, exp_avg, exp_avg_sq)
    random.safetensors      the random states of PyTorch, now (dropout draws from it) and when the epoch began (the
                            order of the examples was drawn from it)
    trainer_state.json      where the training stands, as transformers writes it
    state.json              scheduler, losses so far, seconds so far
"""

import json
import shutil
from pathlib import Path
from typing import Any

_STATE = "state.json"


def latest(folder: Path | None) -> Path | None:
    """The newest whole checkpoint, or none."""
    found = sorted(folder.glob("step-*"), key=lambda path: int(path.name[5:])) if folder else []
    return found[-1] if found else None


def write(trainer: Any, folder: Path, state: dict[str, Any]) -> None:
    """Write where ``trainer`` stands into ``folder``, in place of older checkpoints; ``state`` goes along as JSON."""
    import torch
    from safetensors.torch import save_file

    part, done = folder / "part", folder / f"step-{trainer.state.global_step}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_file(trained(trainer.model), part / "weights.safetensors")
    optimizer = trainer.optimizer.state_dict()["state"]
    tensors = {f"{index}.{name}": value for index, one in optimizer.items() for name, value in one.items()}
    save_file(
        {name: torch.as_tensor(value).detach().contiguous() for name, value in tensors.items()},
        part / "optimizer.safetensors",
    )
    random = {"cpu": torch.random.get_rng_state(), "epoch": trainer.epoch_random}
    if torch.cuda.is_available():
        random["cuda"] = torch.cuda.get_rng_state()
    save_file(random, part / "random.safetensors")
    trainer.state.save_to_json(str(part / "trainer_state.json"))
    kept = {**state, "scheduler": trainer.lr_scheduler.state_dict()}
    (part / _STATE).write_text(json.dumps(kept, default=str), encoding="utf-8")
    older = list(folder.glob("step-*"))
    part.rename(done) if not done.exists() else shutil.rmtree(part)
    for path in older:
        if path != done:
            shutil.rmtree(path)


def read_state(checkpoint: Path) -> dict[str, Any]:
    """The JSON that went along."""
    state: dict[str, Any] = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    return state


def read_weights(trainer: Any, checkpoint: Path) -> None:
    """Put the checkpoint's parameters into the trainer's model."""
    from safetensors.torch import load_file

    restore(trainer.model, load_file(checkpoint / "weights.safetensors"))


def restore(model: Any, weights: dict[str, Any]) -> None:
    """Put trained parameters, by name, into ``model``."""
    import torch

    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)


def read_optimizer(trainer: Any, checkpoint: Path) -> None:
    """Put the checkpoint's optimiser and scheduler states into the trainer's."""
    from safetensors.torch import load_file

    states: dict[int, dict[str, Any]] = {}
    for name, value in load_file(checkpoint / "optimizer.safetensors").items():
        index, _, quantity = name.partition(".")
        states.setdefault(int(index), {})[quantity] = value
    groups = trainer.optimizer.state_dict()["param_groups"]
    trainer.optimizer.load_state_dict({"state": states, "param_groups": groups})
    trainer.lr_scheduler.load_state_dict(read_state(checkpoint)["scheduler"])
    for group, rate in zip(trainer.optimizer.param_groups, trainer.lr_scheduler.get_last_lr(), strict=True):
        group["lr"] = rate


def read_epoch_random(checkpoint: Path, *, begins: bool) -> None:
    """Put back the random state of the beginning of the checkpoint's epoch; where the checkpoint itself ``begins`` an
    epoch, its own."""
    import torch
    from safetensors.torch import load_file

    torch.random.set_rng_state(load_file(checkpoint / "random.safetensors")["cpu" if begins else "epoch"])


def read_random(checkpoint: Path) -> None:
    """Put PyTorch's random states back."""
    import torch
    from safetensors.torch import load_file

    random = load_file(checkpoint / "random.safetensors")
    torch.random.set_rng_state(random["cpu"])
    if "cuda" in random and torch.cuda.is_available():
        torch.cuda.set_rng_state(random["cuda"])


def trained(model: Any) -> dict[str, Any]:
    """A copy of the parameters that are trained, by name."""
    return {
        name: parameter.detach().to("cpu", copy=True).contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
