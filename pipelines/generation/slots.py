"""A key-value cache of fixed shape for decoding many prompts together, each at its own position.

``transformers``' caches append one column for all rows at once. Here each row (slot) has its own length, so a slot can
be given to the next prompt as soon as its answer ends, while every decoding step keeps the same tensor shapes.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin


class SlotLayer(CacheLayerMixin):
    """Keys and values of one layer, ``[slots, heads, capacity, head size]``, written at ``positions[row]``."""

    is_sliding = False

    def __init__(self, positions: torch.Tensor, capacity: int) -> None:
        super().__init__()
        self.positions = positions
        self.capacity = capacity
        self.rows = torch.arange(len(positions), device=positions.device)

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Allocate on the first key seen, in its dtype and on its device."""
        _, heads, _, size = key_states.shape
        shape = (len(self.positions), heads, self.capacity)
        self.keys = key_states.new_zeros((*shape, size))
        self.values = value_states.new_zeros((*shape, value_states.shape[-1]))
        self.is_initialized = True

    def fill(self, slot: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Put one prompt's keys and values, ``[heads, length, head size]``, at the start of a slot."""
        if not self.is_initialized:
            self.lazy_initialization(keys[None], values[None])
        self.keys[slot, :, : keys.shape[1]] = keys
        self.values[slot, :, : values.shape[1]] = values

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one new token a row, ``[slots, heads, 1, head size]``, and return everything."""
        self.keys[self.rows, :, self.positions] = key_states[:, :, 0]
        self.values[self.rows, :, self.positions] = value_states[:, :, 0]
        return self.keys, self.values

    def get_seq_length(self) -> int:
        """The capacity: attention runs over all of it, and the mask hides what a row has not reached."""
        return self.capacity

    def get_max_length(self) -> int:
        """The capacity."""
        return self.capacity

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of the keys that attention sees."""
        return self.capacity, 0


class SlotCache(Cache):
    """The slots of all layers; ``positions[row]`` is where the row's next token goes."""

    def __init__(self, slots: int, layers: int, capacity: int, device: torch.device) -> None:
        self.positions = torch.zeros(slots, dtype=torch.long, device=device)
        self.capacity = capacity
        super().__init__(layers=[SlotLayer(self.positions, capacity) for _ in range(layers)])

    def place(self, slot: int, length: int, states: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Give a slot to a prompt of ``length`` tokens: keys and values by layer, ``[heads, length, size]``."""
        self.positions[slot] = length
        for layer, (keys, values) in zip(self.layers, states, strict=True):
            layer.fill(slot, keys, values)

    def mask(self) -> torch.Tensor:
        """What each row may attend to, its new token included: bool ``[slots, 1, 1, capacity]``."""
        columns = torch.arange(self.capacity, device=self.positions.device)
        return (columns[None] <= self.positions[:, None])[:, None, None]
