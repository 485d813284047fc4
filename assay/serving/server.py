"""``assay serve``: one configuration of a finished run, on this machine until Ctrl+C."""

import asyncio
import errno
import logging
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from assay.serving.app import LOOPBACK, pipeline_app
from assay.serving.asking import NoAnswerError, ask, question_of
from assay.serving.loading import load_pipeline
from pipelines.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

STOP_SECONDS = 5
"""How long a request that is being answered may go on after Ctrl+C."""


def serve(
    run_folder: Path,
    configuration_id: str | None,
    *,
    host: str,
    port: int,
    store: Path,
    console: "Console | None" = None,
) -> None:
    """Serve until Ctrl+C or SIGTERM. The port is taken first, so that a wrong one is told at once; it is announced,
    and answers, when the model has answered a first question. Raises ``UserError`` for what the user can mend."""
    import uvicorn

    with _bound(host, port) as listener:
        pipeline = load_pipeline(run_folder, configuration_id, store, console)
        name = pipeline.configuration.id
        print(f"loading {name} ...", flush=True)
        try:
            ask(pipeline, question_of("Hello"))
        except NoAnswerError as error:
            raise UserError(f"{name}: {error}") from error
        app = pipeline_app(pipeline, local=host in LOOPBACK)
        settings = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=STOP_SECONDS)
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        _listen(listener, port)
        print(announcement(run_folder, name, listener), flush=True)
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            uvicorn.Server(settings).run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # uvicorn has stopped by then, and raises the signal again
        finally:
            signal.signal(signal.SIGTERM, before)
        print("stopped", flush=True)


def announcement(run_folder: Path, name: str, listener: socket.socket) -> str:
    """What is printed once the server answers."""
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return "\n".join(
        (
            f"{name} of {run_folder} is at {address} (Ctrl+C stops it)",
            f'  answers: POST {address}/answer {{"question": "..."}}',
            f"  OpenAI:  base_url {address}/v1, model {name}",
        )
    )


def _bound(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UserError(f"--port {port}: ports are numbers from 1 to 65535 (0 takes a free one)")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise UserError(f"--host {host}: not the name or address of a machine") from error
    listener = socket.socket(family, kind, protocol)
    # Without this, a server stopped a moment ago would still count as one.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refused(error, host, port) from error
    return listener


def _listen(listener: socket.socket, port: int) -> None:
    try:
        listener.listen()
    except OSError as error:
        raise _refused(error, "", port) from error


def _refused(error: OSError, host: str, port: int) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError(f"--port {port}: taken by another program; give another: --port {port + 1}")
    if isinstance(error, PermissionError):
        return UserError(f"--port {port}: not allowed for you; take one above 1023")
    return UserError(f"--host {host}: not an address of this machine ({error.strerror})")


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Keeps the traceback of a request that Ctrl+C cut off out of the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
