"""A dense model as a virtual mixture of experts (MoEfication, Zhang et al. 2022).

The neurons of every gated feed-forward layer are split into experts of one size, balanced k-means clusters of their
``gate_proj`` rows. With every expert active the layer is the dense one.
Its router logit for expert e is the logarithm of the expert's activation mass,

    z_e = ln(sum over its neurons i of |act(gate_i x) up_i x|),

so that the softmax over the experts is each one's share of the mass. Nothing here was trained to route.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipelines.cache import cache_folder
from pipelines.errors import UserError
from pipelines.retrieval.moee.combining import Layout
from pipelines.retrieval.moee.routed import Routed

if TYPE_CHECKING:
    from numpy import floating, intp
    from numpy.typing import NDArray
    from torch import Tensor

_ROUNDS = 5
_SEED = 0
_LEAST_MASS = 1e-30
_PROJECTIONS = ("gate_proj", "up_proj", "down_proj")


def virtual_model(model: Any, tokenizer: Any, name: str, weights: str, experts: int) -> Routed:
    """``model`` with its neurons put in the order of their experts, in place, and read with their masses as router
    logits. ``weights`` is the hash of its weights, under which the clusters are kept in the cache folder.

    Raises ``UserError`` where a layer is not gated or its neurons cannot be divided by ``experts``.
    """
    import torch

    body = model.get_decoder()
    layers = [getattr(layer, "mlp", None) for layer in getattr(body, "layers", ())]
    if not layers or not all(hasattr(layer, projection) for layer in layers for projection in _PROJECTIONS):
        raise UserError(
            f"moee_virtual: name {name!r} has no gated feed-forward layers to split; "
            "for a mixture of experts use kind moee"
        )
    if model.config.intermediate_size % experts:
        raise UserError(
            f"moee_virtual: experts must divide the {model.config.intermediate_size} neurons of a layer of {name!r}, "
            f"and {experts} does not"
        )
    for layer, labels in zip(layers, _remembered(layers, weights, experts), strict=True):
        arrange(layer, labels)

    lock = Lock()  # the hooks of one pass would record another thread's too

    def read(ids: "Tensor", last: "Tensor") -> "tuple[Tensor, list[Tensor]]":
        with lock, recorded_masses(layers, experts, last) as logits:
            hidden = body(input_ids=ids, use_cache=False).last_hidden_state
        return hidden[torch.arange(len(ids), device=ids.device), last], logits

    return Routed(model, tokenizer, Layout(model.config.hidden_size, (experts,) * len(layers), "softmax"), read)


def balanced_clusters(points: "NDArray[floating]", clusters: int) -> "NDArray[intp]":
    """A cluster for each of ``points``, shape (points, dimension); all clusters are of one size. The number of points
    must be a multiple of ``clusters``.

    k-means++ sets the centres. In each round the closest pair of a free point and a cluster with a free seat is joined,
    then the next, until all points are; the clusters' means are the next centres.
    """
    import numpy as np
    from scipy.cluster.vq import kmeans2
    from scipy.spatial.distance import cdist

    points = np.asarray(points, dtype=np.float64)
    centres, _ = kmeans2(points, clusters, minit="++", rng=np.random.default_rng(_SEED))
    labels = np.empty(len(points), dtype=np.intp)
    for _ in range(_ROUNDS):
        free, seats = [True] * len(points), [len(points) // clusters] * clusters
        nearest = np.argsort(cdist(points, centres, "sqeuclidean"), axis=None, kind="stable")
        for point, cluster in zip(*(side.tolist() for side in np.divmod(nearest, clusters)), strict=True):
            if free[point] and seats[cluster]:
                labels[point], free[point] = cluster, False
                seats[cluster] -= 1
        centres = np.array([points[labels == cluster].mean(0) for cluster in range(clusters)])
    return labels


def arrange(layer: Any, labels: "NDArray[intp]") -> None:
    """Put the neurons of a gated feed-forward layer in the order of their experts, in place; its function stays."""
    import torch

    order = torch.from_numpy(labels.argsort(kind="stable")).to(layer.down_proj.weight.device)
    with torch.no_grad():
        for projection in (layer.gate_proj, layer.up_proj):
            projection.weight.copy_(projection.weight[order])
            if projection.bias is not None:
                projection.bias.copy_(projection.bias[order])
        layer.down_proj.weight.copy_(layer.down_proj.weight[:, order])


@contextmanager
def recorded_masses(layers: Sequence[Any], experts: int, last: "Tensor") -> "Iterator[list[Tensor]]":
    """While it is open, a pass through the model appends each layer's virtual router logits, ``[texts, experts]``, for
    the tokens at the places ``last``, one a text."""
    import torch

    texts, logits = torch.arange(len(last), device=last.device), list[torch.Tensor]()

    def weigh(_: Any, inputs: "tuple[Tensor]") -> None:
        neurons = inputs[0][texts, last].float().abs()  # [texts, neurons]
        logits.append(neurons.unflatten(1, (experts, -1)).sum(2).clamp_min(_LEAST_MASS).log())

    hooks = [layer.down_proj.register_forward_pre_hook(weigh) for layer in layers]
    try:
        yield logits
    finally:
        for hook in hooks:
            hook.remove()


def _remembered(layers: Sequence[Any], weights: str, experts: int) -> "Sequence[NDArray[intp]]":
    """The clusters of every layer, from the cache folder where they are there."""
    import numpy as np
    from filelock import FileLock

    file = _file(weights, experts)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        if not file.is_file():
            # Rounded, so that a model has the same experts in whatever format it was loaded.
            gates = (layer.gate_proj.weight.bfloat16().float().cpu().numpy() for layer in layers)
            part = file.with_suffix(".part.npy")
            np.save(part, np.array([balanced_clusters(rows, experts) for rows in gates]), allow_pickle=False)
            part.replace(file)
        found: NDArray[intp] = np.load(file, allow_pickle=False)
    return list(found)


def _file(weights: str, experts: int) -> Path:
    return cache_folder() / "moee" / f"{experts_version(weights, experts)}.npy"


def experts_version(weights: str, experts: int) -> str:
    """What the experts follow from: the model's weights, their number and how they are clustered."""
    return hashlib.sha256(f"{weights}:{experts}:{_ROUNDS}:{_SEED}".encode()).hexdigest()[:16]
