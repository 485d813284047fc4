"""Tuned weights put into their base model: a PEFT adapter, merged, or all parameters."""

import json
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.renamed import without_rename_warnings

WHOLE, BASE = "weights.safetensors", "base.json"
"""All parameters by name, and the file that names their base; in the place of an adapter's two files."""


def merge(model: Any, folder: Path, base_name: str) -> Any:
    """The model with the tuned weights of ``folder`` in it: as quick as the base, and what would be served.

    Raises ``UserError`` where they were tuned on another base than ``base_name``, or fit no layer of the model.
    """
    check_base(folder, base_name)
    try:
        merged = _whole(model, folder) if (folder / WHOLE).is_file() else _adapter(model, folder)
    except RuntimeError as error:
        raise UserError(f"{folder}: the tuned weights do not fit {base_name}: {str(error).splitlines()[0]}") from error
    return merged.eval().requires_grad_(False)


def check_base(folder: Path, base_name: str) -> None:
    """Raises ``UserError`` where the weights in ``folder`` were tuned on another base than ``base_name``; those that
    name none pass."""
    base = tuned_on(folder)
    if base and base != base_name:
        raise UserError(
            f"{folder}: tuned on {base}, but the language model is {base_name}; give it the base it was tuned on"
        )


def tuned_on(folder: Path) -> str:
    """The public name of the base that the weights in ``folder`` were tuned on; empty where it is not said. Raises
    ``UserError`` where the folder holds neither an adapter nor whole weights."""
    for name in (BASE, "adapter_config.json"):
        if (folder / name).is_file():
            return str(json.loads((folder / name).read_text(encoding="utf-8")).get("base_model_name_or_path") or "")
    raise UserError(f"{folder}: neither an adapter (adapter_config.json) nor whole tuned weights ({WHOLE})")


def _adapter(model: Any, folder: Path) -> Any:
    from peft import PeftModel

    with without_rename_warnings():
        return PeftModel.from_pretrained(model, folder).merge_and_unload()


def _whole(model: Any, folder: Path) -> Any:
    from safetensors.torch import load_file

    weights = load_file(folder / WHOLE)
    missing = [name for name, _ in model.named_parameters() if name not in weights]
    if missing:
        raise UserError(f"{folder / WHOLE}: holds no {missing[0]}; it belongs to another model")
    model.load_state_dict(weights, strict=False)
    return model
