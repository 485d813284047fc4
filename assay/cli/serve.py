"""``assay serve``."""

import os
import threading
from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.results import RunFolder
from assay.cli.run import StoreFolder


@command(app, "serve")
def serve(
    run: RunFolder,
    configuration: Annotated[str | None, typer.Option(help="its id; absent: the recommended one")] = None,
    port: Annotated[int, typer.Option(help="port; 0 takes a free one")] = 8000,
    host: Annotated[str, typer.Option(help="address to answer at; there are no users and no keys")] = "127.0.0.1",
    store: StoreFolder = Path(".assay/store"),
) -> None:
    """Serve a configuration of a finished run: its own route, a page to ask in, and the OpenAI-compatible routes."""
    from assay.serving.server import serve as serve_run

    serve_run(run, configuration, host=host, port=port, store=store, console=console())
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        # An answer is still being written: its thread cannot be stopped, and Python would wait for it.
        os._exit(0)
