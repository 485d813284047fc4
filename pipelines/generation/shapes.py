"""Canonical shapes: every forward pass runs in one of few tensor shapes that follow from a prompt alone.

In bf16 a row's logits depend on the shape of the batch around it (blocking of the matrix product), not on what the
other rows hold. With the shape fixed by the prompt, its answer is a function of the prompt: the same in any order,
with any batch mates, in one run or resumed. Rows that nothing fills are dummies.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shapes:
    """``prefill_tokens`` bounds rows x padded length of one prefill; ``slots`` is the number of rows decoded together.
    The defaults suit a CPU; a GPU takes larger ones."""

    prefill_tokens: int = 1024
    slots: int = 32

    def padded(self, tokens: int) -> int:
        """The padded length of a prompt part: steps of 16 up to 128, of 32 up to 512, of 128 above."""
        step = 16 if tokens <= 128 else 32 if tokens <= 512 else 128
        return -(-tokens // step) * step

    def rows(self, padded: int) -> int:
        """How many prompts of this padded length are read in one forward pass: a power of two."""
        rows = 1
        while rows * 2 * padded <= self.prefill_tokens and rows * 2 <= self.slots:
            rows *= 2
        return rows

    def capacity(self, tokens: int) -> int:
        """The length of a decoding slot that must hold this many tokens: steps of 128."""
        return -(-tokens // 128) * 128
