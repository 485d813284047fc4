"""Warnings that are not the user's: PEFT and TRL use names that transformers is about to rename."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_rename_warnings() -> Iterator[None]:
    """Within the block no ``FutureWarning`` is shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
