"""``assay ui``: MLflow's interface over the tracking store, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from types import FrameType
from urllib.error import URLError

from assay.offline import silence_telemetry
from pipelines.errors import UserError

HOST = "127.0.0.1"
START_SECONDS = 180
STOP_SECONDS = 20


def serve(uri: str, port: int) -> None:
    """Run MLflow's server over the store at ``uri`` until Ctrl+C, and print its address and one link for each
    experiment. Opens no browser. Raises ``UserError`` where the store is not there or the port is taken."""
    from assay.tracking.backend import ARTIFACTS, existing, sqlite_path, sqlite_uri

    silence_telemetry(os.environ)
    experiments = existing(uri)
    _check_port(port)
    path = sqlite_path(uri)
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning --timeout-graceful-shutdown 5"]
    command += ["--backend-store-uri", sqlite_uri(path) if path else uri]
    if path:
        command += ["--artifacts-destination", (path.parent / ARTIFACTS).as_uri()]
    # Nothing here needs MLflow's job queue, which would be three more processes.
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    print(f"starting MLflow over {path or uri} ...", flush=True)
    # A session of its own: Ctrl+C comes to this process alone, which then stops the server with what it started.
    server = subprocess.Popen(  # noqa: S603 - our own arguments
        command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _wait(server, port)
        print("\n".join(links(experiments, port)), flush=True)
        code = server.wait()
    except KeyboardInterrupt:
        print("stopping", flush=True)
        return
    finally:
        _stop(server)
        signal.signal(signal.SIGTERM, before)
    raise UserError(f"the MLflow server ended by itself with code {code}; its messages stand above")


def links(experiments: dict[str, str], port: int) -> list[str]:
    """What is printed once the server answers. ``experiments`` maps names to ids."""
    from assay.tracking.views import runs_path

    address = f"http://{HOST}:{port}"
    lines = [f"MLflow is at {address} (Ctrl+C stops it)"]
    for name, identifier in experiments.items():
        lines.append(f"  {name}")
        lines.append(f"    table:   {address}{runs_path(identifier)}")
        lines.append(f"    charts:  {address}{runs_path(identifier, 'CHART')}")
        lines.append(f"    answers: {address}{runs_path(identifier, 'ARTIFACT')}")
    return lines


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise UserError(f"--port {port}: ports are numbers from 1 to 65535")
    with socket.socket() as probe:
        # Without this, a server stopped a moment ago would still count as one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise UserError(f"--port {port}: not allowed for you; take one above 1023") from error
        except OSError as error:
            raise UserError(f"--port {port}: taken by another program; give another: --port {port + 1}") from error


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(START_SECONDS * 2):
        if server.poll() is not None:
            return
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise UserError(f"the MLflow server did not answer within {START_SECONDS} s")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    if server.poll() is None:
        # MLflow passes the signal on to the process that serves.
        server.terminate()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
