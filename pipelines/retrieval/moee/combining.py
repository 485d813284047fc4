"""From hidden states and router logits to one vector a text.

    e_HS = h_T                                    last hidden state of the last token T, after the final norm
    e_RW = [g(z_1); ...; g(z_L)]                  the gate's weights of all experts, layer by layer, before top k
    concat: [e_HS; e_RW]                          compared by cosine
    sum:    s(q, d) = cos(HS) + alpha cos(RW)

The sum is one inner product: with each part at length 1, [HS; sqrt(alpha) RW] . [HS'; sqrt(alpha) RW'] is s(q, d). All
such vectors have the length sqrt(1 + alpha); divided by it they are unit vectors, whose cosine is s / (1 + alpha), so
that one index serves the sum.
"""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Literal

from pipelines.retrieval.moee.gates import Gate, weights

if TYPE_CHECKING:
    from numpy import floating
    from numpy.typing import NDArray

Routing = Literal["softmax", "logits"]
Combine = Literal["hs", "rw", "concat", "sum"]


@dataclass(frozen=True)
class Layout:
    """What a row holds: ``hidden`` numbers of the hidden state, then the router logits of each layer's ``experts``."""

    hidden: int
    experts: tuple[int, ...]
    gate: Gate

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return self.hidden + sum(self.experts)


def gated(rows: "NDArray[floating]", layout: Layout, rw: Routing) -> "NDArray[floating]":
    """Rows of shape (texts, width) with the gate's weights in place of router logits, or unchanged for ``logits``."""
    import numpy as np

    if rw == "logits":
        return rows
    layers = np.split(rows, np.cumsum([layout.hidden, *layout.experts])[:-1], axis=1)
    return np.concatenate([layers[0], *(weights(layer, layout.gate) for layer in layers[1:])], axis=1)


def combined(rows: "NDArray[floating]", hidden: int, combine: Combine, alpha: float) -> "NDArray[floating]":
    """Unit vectors from rows whose first ``hidden`` numbers are HS and the rest RW, gated and normalised."""
    import numpy as np

    hs, rw = rows[:, :hidden], rows[:, hidden:]
    if combine == "sum":
        return np.concatenate([unit(hs), sqrt(alpha) * unit(rw)], axis=1) / sqrt(1 + alpha)
    return unit({"hs": hs, "rw": rw, "concat": rows}[combine])


def dimension(layout: Layout, combine: Combine) -> int:
    """Length of a combined vector."""
    return {"hs": layout.hidden, "rw": layout.width - layout.hidden}.get(combine, layout.width)


def unit(rows: "NDArray[floating]") -> "NDArray[floating]":
    """Rows at length 1; a row of zeros stays one."""
    import numpy as np

    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
