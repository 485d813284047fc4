"""Takes the pictures of mlflow/README.md: logs a finished run into a scratch store, opens MLflow's own interface on it
in headless Chromium, and stops both.

    python docs/screenshots/tracking.py runs/quickstart configs/quickstart.yaml

Needs the development dependencies and ``chromium`` on the path.
"""

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError

from mlflow import MlflowClient
from playwright.sync_api import Page, sync_playwright

from assay.finished import load_run
from assay.tracking import log_run
from assay.tracking.views import runs_path

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "mlflow" / "images"
LARGEST = 200_000
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The assistant opens itself over half of the first page.
CLOSED_ASSISTANT = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""


def main(run: Path, experiment: Path) -> None:
    """Log, serve, photograph, stop."""
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("there is no chromium on the path")
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        results, table = load_run(run)
        parent = log_run(results, table, run, experiment_yaml=experiment.read_text(encoding="utf-8"), uri=uri)
        identifier = MlflowClient(uri).get_run(parent).info.experiment_id
        port = free_port()
        command = f"from assay.tracking_server import serve; serve({uri!r}, {port})"
        server = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT)  # noqa: S603 - our own arguments
        try:
            wait(f"http://127.0.0.1:{port}/health")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
                context = browser.new_context(viewport={"width": 1500, "height": 760})
                context.add_init_script(CLOSED_ASSISTANT)
                photograph(context.new_page(), f"http://127.0.0.1:{port}", identifier)
                browser.close()
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def photograph(page: Page, address: str, experiment: str) -> None:
    """The two pages that the README shows."""
    page.set_default_timeout(120_000)
    page.goto(address + runs_path(experiment))
    page.get_by_text("matching runs").wait_for()
    page.get_by_label("Toggle sidebar").click()
    save(page, "table.png")
    page.goto(address + runs_path(experiment, "CHART"))
    page.locator(".main-svg").nth(3).wait_for()
    save(page, "charts.png")


def save(page: Page, name: str) -> None:
    """One picture, once the page has come to rest."""
    page.wait_for_timeout(4000)
    path = IMAGES / name
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > LARGEST:
        sys.exit(f"{path}: larger than {LARGEST} bytes")


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(url: str) -> None:
    """Until ``url`` answers, three minutes at most."""
    for _ in range(360):
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    sys.exit(f"{url} does not answer")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python docs/screenshots/tracking.py RUN_FOLDER EXPERIMENT_FILE")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
