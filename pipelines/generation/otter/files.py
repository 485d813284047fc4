"""An Otter on disk: its parameters in safetensors, its size and the model it belongs to in JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.generation.otter.parameters import Otter
from pipelines.generation.otter.size import Size

WEIGHTS, SIZE = "otter.safetensors", "otter.json"


def write(otter: Otter, folder: Path) -> None:
    """Write the parameters, as they are."""
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in otter.state_dict().items()}, folder / WEIGHTS)
    (folder / SIZE).write_text(json.dumps(asdict(otter.size), indent=1), encoding="utf-8")


def read(folder: Path, model: Any) -> Otter:
    """The parameters in ``folder``, for ``model``, in its dtype and on its device. Raises ``UserError`` where they are
    of another model."""
    from safetensors.torch import load_file

    size = Size(**json.loads((folder / SIZE).read_text(encoding="utf-8")))
    otter = Otter(model, size)
    try:
        otter.load_state_dict(load_file(folder / WEIGHTS))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(
            f"{folder}: inserted parameters of another model than {model.config.model_type}: {reason}"
        ) from None
    return otter.to(device=model.device, dtype=model.dtype).eval().requires_grad_(False)
