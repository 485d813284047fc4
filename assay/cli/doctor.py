"""``assay doctor``: what this machine has and what will be used."""

from assay.cli import app, command


@command(app, "doctor")
def doctor() -> None:
    """Say what this machine has, what a run would use, and what is missing."""
    from rich.console import Console

    from assay.doctor import examine

    Console().print(examine())
