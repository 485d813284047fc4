"""What a time was measured on, in words."""

import functools
import os
import platform
from pathlib import Path


@functools.cache
def describe_machine() -> str:
    """Processor, usable cores, memory and NVIDIA GPUs, such as ``AMD EPYC, 2 cores, 24 GiB``. Names no host or user."""
    parts = [_processor(), f"{_cores()} cores", f"{_memory_gib()} GiB"]
    for information in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        parts += _fields(information, "Model")
    return ", ".join(parts)


def _fields(path: Path, key: str) -> list[str]:
    if not path.is_file():
        return []
    pairs = (line.partition(":") for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return [value.strip() for name, _, value in pairs if name.strip() == key]


def _processor() -> str:
    return next(iter(_fields(Path("/proc/cpuinfo"), "model name")), platform.processor() or platform.machine())


def _cores() -> int:
    # The cores this process may use, which in a container are fewer than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gib() -> int:
    import psutil

    total: int = psutil.virtual_memory().total
    return round(total / 2**30)
