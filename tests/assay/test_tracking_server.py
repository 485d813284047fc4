"""``assay ui``: the server over a store, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from assay.tracking.backend import opened
from assay.tracking_server import links, serve
from pipelines.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = f"sqlite:///{tmp_path_factory.mktemp('ui')}/mlflow.db"
    with opened(uri) as backend:
        backend.client.create_experiment("handbook")
    return uri


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_store_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no tracking store yet; make one with: assay run"):
        serve(f"sqlite:///{tmp_path}/mlflow.db", free_port())
    assert not (tmp_path / "mlflow.db").exists()


def test_a_taken_port_is_a_clear_error(store: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UserError, match="taken by another program; give another: --port"):
            serve(store, other.getsockname()[1])


@pytest.mark.parametrize("port", [0, 65536])
def test_an_impossible_port_is_a_clear_error(store: str, port: int) -> None:
    with pytest.raises(UserError, match="from 1 to 65535"):
        serve(store, port)


def test_the_links_lead_to_the_three_pages_of_each_experiment() -> None:
    lines = links({"handbook": "7"}, 5000)
    pages = [line.split()[-1] for line in lines if "experiments/7" in line]
    assert [page.rpartition("=")[2] for page in pages] == ["TABLE", "CHART", "ARTIFACT"]
    assert all(page.startswith("http://127.0.0.1:5000/#/experiments/7/runs?viewStateShareKey=assay") for page in pages)


@pytest.mark.slow
def test_the_server_answers_and_stops_when_told(store: str) -> None:
    port = free_port()
    code = f"from assay.tracking_server import serve; serve({store!r}, {port})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(6)]
        assert "handbook" in printed[2]
        assert printed[3].strip().startswith(f"table:   http://127.0.0.1:{port}/#/experiments/1/runs")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            assert answer.read() == b"OK"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
    for _ in range(40):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except urllib.error.URLError:
            return
        time.sleep(0.25)
    pytest.fail("the server still answers after its stop")
