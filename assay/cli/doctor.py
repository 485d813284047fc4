"""``assay doctor``: what this machine has and what will be used."""

from assay.cli import app, command, console


@command(app, "doctor")
def doctor() -> None:
    """Say what this machine has, what a run would use, and what is missing."""
    from assay.doctor import examine

    console().print(examine())
