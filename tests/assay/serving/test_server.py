"""What ``assay serve`` tells before it serves. A server that answers and stops: ``export/test_all_answer_alike.py``."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.cli import serve as registers  # noqa: F401 - it registers the command
from assay.serving.server import announcement, serve
from pipelines.errors import UserError


def told(run: Path, host: str, port: int) -> str:
    with pytest.raises(UserError) as error:
        serve(run, None, host=host, port=port, store=run / "store")
    return str(error.value)


@pytest.mark.parametrize(
    ("host", "port", "line"),
    [
        ("127.0.0.1", 65536, "--port 65536: ports are numbers from 1 to 65535"),
        ("127.0.0.1", -1, "--port -1: ports are numbers from 1 to 65535"),
        ("192.0.2.1", 0, "--host 192.0.2.1: not an address of this machine"),
        ("no such host", 0, "--host no such host: not the name or address of a machine"),
    ],
)
def test_an_address_that_cannot_be_is_told_before_anything_is_loaded(
    tmp_path: Path, host: str, port: int, line: str
) -> None:
    assert told(tmp_path / "no run", host, port).startswith(line)


def test_a_taken_port_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = f"--port {port}: taken by another program; give another: --port {port + 1}"
        assert told(tmp_path / "no run", "127.0.0.1", port) == line


def test_the_port_is_free_again_after_an_error(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(2):
        assert "is no finished run" in told(tmp_path / "no run", "127.0.0.1", port)


def test_the_command_tells_a_user_error_in_one_line(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["serve", str(tmp_path), "--port", "0"])
    assert shown.exit_code == 2
    assert shown.stderr.startswith("assay: ")
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_announcement_names_an_address_that_opens(host: str, shown: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        first, *rest = announcement(Path("runs/pumps"), "bm25", listener).splitlines()
        address = f"{shown}{listener.getsockname()[1]}"
    assert first == f"bm25 of runs/pumps is at {address} (Ctrl+C stops it)"
    assert rest[1] == f"  OpenAI:  base_url {address}/v1, model bm25"


def test_importing_the_exports_imports_no_framework() -> None:
    ours = "assay.export.langchain, assay.export.llama_index, assay.export.mlflow, assay.export.sealed, assay.cli.serve"
    theirs = {"langchain_core", "llama_index", "mlflow", "torch", "fastapi"}
    code = f"import sys, {ours}, assay.serving.server; print({theirs} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
