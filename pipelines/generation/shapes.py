"""Canonical shapes: where prompts are answered together, every product with weights has one of few shapes, which follow
from a prompt alone.

In bf16 a row's logits depend on the shape of the batch around it (blocking of the matrix product), not on what the
other rows hold. With the shape fixed by the prompt, its answer is a function of the prompt: the same in any order,
with any batch mates, in one run or resumed. What is left of a pack is padding, and a
slot that nobody has decodes padding. Attention is computed prompt by prompt while reading, in the prompt's own length.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shapes:
    """``pack`` is the number of tokens that one pass reads, those of several prompts behind each other; ``slots`` is
    the number of rows decoded together. The defaults suit a CPU; a GPU takes larger ones."""

    pack: int = 512
    slots: int = 32

    def packed(self, tokens: int) -> int:
        """The size of the pack that a prompt part is read in: ``pack``, doubled until it holds the part."""
        size = self.pack
        while size < tokens:
            size *= 2
        return size

    def packs(self, lengths: Sequence[int]) -> list[tuple[int, list[int]]]:
        """Sizes of packs and the positions in ``lengths`` that each holds, at most ``slots``: first fit, longest
        first."""
        packs: list[tuple[int, list[int]]] = []
        room: list[int] = []
        for index in sorted(range(len(lengths)), key=lambda position: -lengths[position]):
            size, length = self.packed(lengths[index]), lengths[index]
            for place, (other, held) in enumerate(packs):
                if other == size and room[place] >= length and len(held) < self.slots:
                    held.append(index)
                    room[place] -= length
                    break
            else:
                packs.append((size, [index]))
                room.append(size - length)
        return packs

    def capacity(self, tokens: int) -> int:
        """The length of a decoding slot that must hold this many tokens: 384, doubled until they fit."""
        size = 384
        while size < tokens:
            size *= 2
        return size
