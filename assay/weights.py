"""How many weights the models of a run have, read from the headers of their files; nothing is loaded."""

from math import prod
from pathlib import Path

from assay.stages import Stages
from pipelines.generation.local import LocalModel


def parameters(stages: Stages) -> dict[str, int]:
    """Weights of each configuration's base model by id; a model that is not on this machine is left out."""
    found = {}
    for configuration in stages.experiment.configurations:
        model = stages.model(configuration)
        if isinstance(model, LocalModel):
            found[configuration.id] = weights_in(model.weights.path)
    return found


def weights_in(folder: Path) -> int:
    """The number of weights in a folder's safetensors files."""
    from safetensors import safe_open

    count = 0
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as tensors:
            count += sum(prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    return count
