"""One contestant in a process of its own: ``python -m benchmarks.stacks.contestant NAME TASK RESULT``."""

import json
import sys
from pathlib import Path

from assay.offline import silence_telemetry

from .measured import Measured


def perform(name: str, task: Path, folder: Path) -> Measured:
    """Do the work described in ``task`` (JSON) in an empty ``folder``."""
    if name == "assay":
        from . import assay_stack

        given = json.loads(task.read_text(encoding="utf-8"))
        return assay_stack.run(Path(given["experiment"]), given["overrides"], folder)
    from . import plain
    from .work import Work

    return plain.run(name, Work.model_validate_json(task.read_text(encoding="utf-8")), folder)


def main() -> None:
    """Measure and write the result beside the task."""
    import os

    silence_telemetry(os.environ)
    name, task, result = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    measured = perform(name, task, Path.cwd())
    result.write_text(measured.model_dump_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
