"""The report of the simulated experiment, open in a real browser from disk."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from eval.report import render

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def loaded(path: Path) -> ModuleType:
    """A file that is no test as a module."""
    spec = importlib.util.spec_from_file_location(f"{path.stem}_for_the_browser", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def simulated() -> ModuleType:
    """The builder of the simulated experiment, which lives beside the report's own tests."""
    return loaded(Path(__file__).parents[1] / "eval" / "report" / "conftest.py")


@pytest.fixture(scope="session")
def money() -> ModuleType:
    """What reckons the money of the simulated experiment by ``eval.economics``."""
    return loaded(Path(__file__).with_name("reckoned.py"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no chromium on the path")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def report(simulated: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered report."""
    return render(*simulated.simulated_experiment(), tmp_path_factory.mktemp("browser") / "report.html")


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The report at desktop width. Fails a test that caused a console error, a dialog or a request to anywhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("request", lambda request: None if request.url == report.as_uri() else trouble.append(request.url))
    opened.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
    opened.goto(report.as_uri())
    yield opened
    context.close()
    assert trouble == []
