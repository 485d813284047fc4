"""Disk trouble that the user can mend, said in one line."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import UserError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST}


@contextmanager
def mendable(root: Path) -> Iterator[None]:
    """Raise a full or unwritable disk below ``root`` as ``UserError``; other errors pass as they are."""
    try:
        yield
    except OSError as error:
        # A full disk may be met through a file handle, which leaves no name; anything else must be about the store.
        below = error.filename is not None and Path(os.fsdecode(error.filename)).is_relative_to(root)
        if error.errno in _FULL:
            raise UserError(
                f"{root}: the disk is full ({error.strerror}); free space or choose another store"
            ) from error
        if error.errno == errno.EROFS or (below and error.errno in _CLOSED):
            raise UserError(
                f"{root}: the store cannot be written ({error.strerror}); make it writable or choose another store"
            ) from error
        raise


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
